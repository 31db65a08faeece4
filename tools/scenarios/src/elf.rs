// SPDX-License-Identifier: GPL-2.0-only
//! The smallest programs, for scenarios that execute one.

/// An x86-64 program that exits with `status` at once.
pub fn exits_with(status: u8) -> Vec<u8> {
    program(&[
        0xb8, 60, 0, 0, 0, // mov eax, 60 (exit)
        0xbf, status, 0, 0, 0, // mov edi, status
        0x0f, 0x05, // syscall
    ])
}

/// An x86-64 program that exits with the low byte of its effective user.
pub fn exits_with_user() -> Vec<u8> {
    exits_with_answer(&[0xb8, 107, 0, 0, 0])
}

/// An x86-64 program that exits with the low byte of its effective group.
pub fn exits_with_group() -> Vec<u8> {
    exits_with_answer(&[0xb8, 108, 0, 0, 0])
}

/// An x86-64 program that exits with 0 if it may become user 77, else with 255.
pub fn becomes_user() -> Vec<u8> {
    exits_with_answer(&[
        0xb8, 105, 0, 0, 0, // mov eax, 105 (setuid)
        0xbf, 77, 0, 0, 0, // mov edi, 77
    ])
}

/// Makes the system call that `set_up` has put into the registers and exits with its answer.
fn exits_with_answer(set_up: &[u8]) -> Vec<u8> {
    let mut code = set_up.to_vec();
    code.extend([
        0x0f, 0x05, // syscall
        0x89, 0xc7, // mov edi, eax
        0xb8, 60, 0, 0, 0, // mov eax, 60 (exit)
        0x0f, 0x05, // syscall
    ]);
    program(&code)
}

/// An x86-64 program that waits to be killed.
pub fn waits() -> Vec<u8> {
    program(&[
        0xb8, 34, 0, 0, 0, // mov eax, 34 (pause)
        0x0f, 0x05, // syscall
        0xeb, 0xf7, // jmp back
    ])
}

fn program(code: &[u8]) -> Vec<u8> {
    const BASE: u64 = 0x40_0000;
    const HEADERS: u64 = 64 + 56;
    let size = HEADERS + code.len() as u64;
    let mut program = Vec::new();
    let mut put = |value: u64, bytes: usize| program.extend(&value.to_le_bytes()[..bytes]);
    // ELF header: 64 bits, little endian, executable, x86-64.
    put(0x0001_0102_464c_457f, 8);
    put(0, 8);
    put(2, 2);
    put(0x3e, 2);
    put(1, 4);
    put(BASE + HEADERS, 8);
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
    put(0x1000, 8);
    program.extend(code);
    program
}
