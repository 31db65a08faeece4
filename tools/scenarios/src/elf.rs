// SPDX-License-Identifier: GPL-2.0-only
//! Minimal programs, for scenarios that execute one. Those of the lower layers are put into images by a machine that
//! may have another processor.

use std::sync::OnceLock;

/// The processor that a program is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Processor {
    /// x86-64.
    X86_64,
    /// AArch64.
    AArch64,
}

const OWN: Processor = if cfg!(target_arch = "aarch64") {
    Processor::AArch64
} else {
    Processor::X86_64
};

static CHOSEN: OnceLock<Processor> = OnceLock::new();

/// Makes the programs of this process for another processor than its own. Panics if some have been made for its own
/// already: images would hold both.
pub fn make_for(processor: Processor) {
    let chosen = *CHOSEN.get_or_init(|| processor);
    assert_eq!(chosen, processor, "programs are made for one processor");
}

fn processor() -> Processor {
    *CHOSEN.get_or_init(|| OWN)
}

/// System calls, by their numbers on x86-64 and on AArch64.
type Call = [u8; 2];
const EXIT: Call = [60, 93];
const SETUID: Call = [105, 146];
const GETEUID: Call = [107, 175];
const GETEGID: Call = [108, 177];

/// A program that exits with `status` at once.
pub fn exits_with(status: u8) -> Vec<u8> {
    program(&match processor() {
        Processor::X86_64 => {
            let mut code = x86_64::set_argument(status).to_vec();
            code.extend(x86_64::call(EXIT));
            code
        }
        Processor::AArch64 => aarch64::code(&[
            aarch64::set(0, status),
            aarch64::set(aarch64::NUMBER, EXIT[1]),
            aarch64::CALL,
        ]),
    })
}

/// A program that exits with the low byte of its effective user.
pub fn exits_with_user() -> Vec<u8> {
    exits_with_answer(GETEUID, 0)
}

/// A program that exits with the low byte of its effective group.
pub fn exits_with_group() -> Vec<u8> {
    exits_with_answer(GETEGID, 0)
}

/// A program that exits with 0 if it may become user 77, else with 255.
pub fn becomes_user() -> Vec<u8> {
    exits_with_answer(SETUID, 77)
}

/// Makes a system call and exits with its answer.
fn exits_with_answer(call: Call, argument: u8) -> Vec<u8> {
    program(&match processor() {
        Processor::X86_64 => {
            let mut code = x86_64::set_argument(argument).to_vec();
            code.extend(x86_64::call(call));
            code.extend([0x89, 0xc7]); // mov edi, eax
            code.extend(x86_64::call(EXIT));
            code
        }
        // The result is in the register of the first argument.
        Processor::AArch64 => aarch64::code(&[
            aarch64::set(0, argument),
            aarch64::set(aarch64::NUMBER, call[1]),
            aarch64::CALL,
            aarch64::set(aarch64::NUMBER, EXIT[1]),
            aarch64::CALL,
        ]),
    })
}

/// A program that waits to be killed.
pub fn waits() -> Vec<u8> {
    program(&match processor() {
        Processor::X86_64 => vec![
            0xb8, 34, 0, 0, 0, // mov eax, 34 (pause)
            0x0f, 0x05, // syscall
            0xeb, 0xf7, // jmp back
        ],
        // ppoll(NULL, 0, NULL, NULL), as there is no pause(2).
        Processor::AArch64 => aarch64::code(&[
            aarch64::set(0, 0),
            aarch64::set(1, 0),
            aarch64::set(2, 0),
            aarch64::set(3, 0),
            aarch64::set(aarch64::NUMBER, 73),
            aarch64::CALL,
            0x17ff_fffa, // b back, 6 instructions
        ]),
    })
}

/// A program of so many blocks of [`BLOCK`] bytes, each full of instructions that add its number to the status that the
/// program exits with in the end.
pub fn adds(blocks: &[u8]) -> Vec<u8> {
    let (begin, add, idle, end): (Vec<u8>, fn(u8) -> Vec<u8>, Vec<u8>, Vec<u8>) = match processor()
    {
        Processor::X86_64 => (
            x86_64::set_argument(0).to_vec(),
            |number| vec![0x83, 0xc7, number], // add edi, number
            vec![0x90],                        // nop
            x86_64::call(EXIT).to_vec(),
        ),
        Processor::AArch64 => (
            aarch64::code(&[aarch64::set(0, 0)]),
            |number| aarch64::code(&[0x1100_0000 | u32::from(number) << 10]), // add w0, w0, number
            aarch64::code(&[0xd503_201f]),                                    // nop
            aarch64::code(&[aarch64::set(aarch64::NUMBER, EXIT[1]), aarch64::CALL]),
        ),
    };
    let mut code = begin;
    for (index, number) in blocks.iter().enumerate() {
        let last = index + 1 == blocks.len();
        let room = (index + 1) * BLOCK - HEADERS - if last { end.len() } else { 0 };
        let add = add(*number);
        while code.len() + add.len() <= room {
            code.extend(&add);
        }
        while code.len() < room {
            code.extend(&idle);
        }
    }
    code.extend(end);
    program(&code)
}

mod x86_64 {
    /// Puts a byte into the register of the first argument.
    pub fn set_argument(value: u8) -> [u8; 5] {
        [0xbf, value, 0, 0, 0] // mov edi, value
    }

    /// Makes a system call.
    pub fn call(call: super::Call) -> [u8; 7] {
        [
            0xb8, call[0], 0, 0, 0, // mov eax, number
            0x0f, 0x05, // syscall
        ]
    }
}

mod aarch64 {
    /// The register with the number of a system call.
    pub const NUMBER: u32 = 8;
    /// `svc #0`.
    pub const CALL: u32 = 0xd400_0001;

    /// `mov xN, value`.
    pub fn set(register: u32, value: u8) -> u32 {
        0xd280_0000 | u32::from(value) << 5 | register
    }

    /// The bytes of instructions.
    pub fn code(instructions: &[u32]) -> Vec<u8> {
        instructions.iter().flat_map(|i| i.to_le_bytes()).collect()
    }
}

/// Bytes before the code of a program: those of its file header and of its one segment.
const HEADERS: usize = 64 + 56;

/// See [`adds`].
pub const BLOCK: usize = 4096;

fn program(code: &[u8]) -> Vec<u8> {
    const BASE: u64 = 0x40_0000;
    // At least the largest page: the offset of a segment in the file and its address must agree modulo this.
    const ALIGNMENT: u64 = 0x1_0000;
    let machine = match processor() {
        Processor::X86_64 => 0x3e,
        Processor::AArch64 => 0xb7,
    };
    let size = (HEADERS + code.len()) as u64;
    let mut program = Vec::new();
    let mut put = |value: u64, bytes: usize| program.extend(&value.to_le_bytes()[..bytes]);
    // ELF header: 64 bits, little endian, executable.
    put(0x0001_0102_464c_457f, 8);
    put(0, 8);
    put(2, 2);
    put(machine, 2);
    put(1, 4);
    put(BASE + HEADERS as u64, 8);
    put(64, 8);
    put(0, 8);
    put(0, 4);
    put(64, 2);
    put(56, 2);
    put(1, 2);
    put(0, 6);
    // One segment: the whole file, readable and executable.
    put(1, 4);
    put(5, 4);
    put(0, 8);
    put(BASE, 8);
    put(BASE, 8);
    put(size, 8);
    put(size, 8);
    put(ALIGNMENT, 8);
    program.extend(code);
    program
}
