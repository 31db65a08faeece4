// SPDX-License-Identifier: GPL-2.0-only
//! System calls in the form of 32-bit programs.

use std::ffi::CStr;
use std::os::fd::RawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::{Dirent, Map, Result, check, dirents};
use crate::errno::Errno;

/// The reason why such calls are not possible, if so.
pub fn no_compat() -> Option<&'static str> {
    if !cfg!(target_arch = "x86_64") {
        // On other architectures a 64-bit program has no gate to the 32-bit calls.
        return Some("this processor has no such calls for a program of 64 bits");
    }
    // It comes with the emulation (CONFIG_IA32_EMULATION).
    let there = Path::new("/proc/sys/abi/vsyscall32").exists();
    (!there).then_some("this kernel runs no programs of 32 bits")
}

/// getdents64(2) of a 32-bit program, one call with a buffer of `size` bytes.
pub fn getdents_compat(fd: RawFd, size: usize) -> Result<Vec<Dirent>> {
    const NUMBER: u32 = 220;
    let buffer = low(size)?;
    // SAFETY: the kernel writes at most `size` bytes, which are mapped at this address.
    let count = unsafe { call(NUMBER, [fd as u32, buffer.address() as u32, size as u32]) };
    let count = check(count.into())? as usize;
    dirents(&buffer.bytes()[..count])
}

/// getdents(2) of a 32-bit program, with inode numbers of 32 bits: names and numbers.
pub fn old_getdents_compat(fd: RawFd, size: usize) -> Result<Vec<(Vec<u8>, u32)>> {
    const NUMBER: u32 = 141;
    let buffer = low(size)?;
    // SAFETY: the kernel writes at most `size` bytes, which are mapped at this address.
    let count = unsafe { call(NUMBER, [fd as u32, buffer.address() as u32, size as u32]) };
    let count = check(count.into())? as usize;
    let bytes = buffer.bytes();
    let (mut rest, mut entries) = (&bytes[..count], Vec::new());
    // struct compat_linux_dirent: d_ino 4, d_off 4, d_reclen 2, d_name up to a NUL.
    while rest.len() > 10 {
        let length = usize::from(u16::from_ne_bytes([rest[8], rest[9]]));
        let name = CStr::from_bytes_until_nul(&rest[10..length]).map_err(|_| Errno(libc::EIO))?;
        entries.push((name.to_bytes().to_vec(), number(rest, 0)));
        rest = &rest[length..];
    }
    Ok(entries)
}

/// stat(2) of a 32-bit program: st_ino, which has 32 bits.
pub fn old_stat_compat(path: &Path) -> Result<u32> {
    // struct compat_stat: st_dev 4, st_ino 4, 56 more.
    stat_into(106, path, 64).map(|stat| number(&stat, 4))
}

/// stat64(2) of a 32-bit program: st_ino, which has 64 bits there.
pub fn stat_compat(path: &Path) -> Result<u64> {
    // struct stat64 of i386: 88 bytes, st_ino 8.
    let stat = stat_into(195, path, 96)?;
    Ok(u64::from(number(&stat, 88)) | u64::from(number(&stat, 92)) << 32)
}

fn stat_into(call_number: u32, path: &Path, size: usize) -> Result<Vec<u8>> {
    let mut name = path.as_os_str().as_bytes().to_vec();
    name.push(0);
    let mut memory = low(size + name.len())?;
    memory.store(size, &name);
    let address = memory.address() as u32;
    // SAFETY: the kernel writes `size` bytes and reads the name behind them, up to its NUL.
    let result = unsafe { call(call_number, [address + size as u32, address, 0]) };
    check(result.into())?;
    Ok(memory.bytes()[..size].to_vec())
}

fn number(bytes: &[u8], at: usize) -> u32 {
    u32::from_ne_bytes(bytes[at..at + 4].try_into().expect("4 bytes"))
}

/// Memory that pointers of 32 bits reach.
fn low(size: usize) -> Result<Map> {
    const MAP_32BIT: i32 = 0x40;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | MAP_32BIT;
    Map::new(-1, size, libc::PROT_READ | libc::PROT_WRITE, flags)
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
    // SAFETY: the place of this thread's errno.
    unsafe { *libc::__errno_location() = -result };
    -1
}

#[cfg(not(target_arch = "x86_64"))]
unsafe fn call(_number: u32, _arguments: [u32; 3]) -> i32 {
    unreachable!("whoever calls this has asked no_compat()");
}
