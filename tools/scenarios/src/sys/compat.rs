// SPDX-License-Identifier: GPL-2.0-only
//! System calls as programs of 32 bits make them.

use std::os::fd::RawFd;

use super::{Dirent, Map, Result, check, dirents};

/// getdents64(2) of a 32-bit program, one call with a buffer of `size` bytes.
pub fn getdents_compat(fd: RawFd, size: usize) -> Result<Vec<Dirent>> {
    const NUMBER: u32 = 220;
    // Its pointers have 32 bits.
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_32BIT;
    let buffer = Map::new(-1, size, libc::PROT_READ | libc::PROT_WRITE, flags)?;
    // SAFETY: the kernel writes at most `size` bytes, which are mapped at this address.
    let count = unsafe { call(NUMBER, [fd as u32, buffer.address() as u32, size as u32]) };
    let count = check(count.into())? as usize;
    dirents(&buffer.bytes()[..count])
}

/// lseek(2) of a 32-bit program: the offset has 32 bits.
pub fn lseek_compat(fd: RawFd, offset: i32, whence: i32) -> Result<i32> {
    const NUMBER: u32 = 19;
    // SAFETY: no pointer is passed.
    let position = unsafe { call(NUMBER, [fd as u32, offset as u32, whence as u32]) };
    check(position.into()).map(|_| position)
}

/// A call by the gate of 32-bit programs; the kernel takes the registers for theirs. Sets `errno`. A kernel that runs no
/// such programs sends `SIGSEGV`.
///
/// # Safety
///
/// What the call does with its arguments must be sound.
#[cfg(target_arch = "x86_64")]
unsafe fn call(number: u32, [first, second, third]: [u32; 3]) -> i32 {
    let result: i32;
    // SAFETY: the gate keeps all registers but those named; the compiler keeps rbx for itself, so that is exchanged.
    unsafe {
        std::arch::asm!(
            "xchg rbx, {first}",
            "int 0x80",
            "xchg rbx, {first}",
            first = inout(reg) u64::from(first) => _,
            inlateout("eax") number => result,
            in("rcx") u64::from(second),
            in("rdx") u64::from(third),
            lateout("r8") _, lateout("r9") _, lateout("r10") _, lateout("r11") _,
        );
    }
    if result >= 0 {
        return result;
    }
    set_errno(-result);
    -1
}

#[cfg(not(target_arch = "x86_64"))]
unsafe fn call(_number: u32, _arguments: [u32; 3]) -> i32 {
    panic!("this processor runs no programs of 32 bits");
}

fn set_errno(errno: i32) {
    // SAFETY: the place of this thread's errno.
    unsafe { *libc::__errno_location() = errno };
}
