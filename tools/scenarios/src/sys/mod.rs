// SPDX-License-Identifier: GPL-2.0-only
//! System calls with their error numbers, one function each. Scenarios judge the kernel's results, so nothing here
//! retries, converts or hides one. All `unsafe` of this crate is in this folder. These are calls of libc, not of
//! rustix: a scenario continues after an open that failed, with -1 as the descriptor, which a `BorrowedFd` must not be,
//! and passes lengths, addresses and commands that the safe types exclude.

use std::ffi::{CStr, CString, OsStr};
use std::mem::MaybeUninit;
use std::os::fd::RawFd;
use std::os::unix::ffi::OsStrExt;

use crate::errno::Errno;

/// The result of every system call.
pub type Result<T> = std::result::Result<T, Errno>;

/// Converts a path for the kernel; a NUL inside is a mistake of the scenario.
pub fn cstring(path: impl AsRef<OsStr>) -> CString {
    CString::new(path.as_ref().as_bytes()).expect("a path without NUL")
}

fn check(value: i64) -> Result<i64> {
    if value < 0 {
        Err(Errno::last())
    } else {
        Ok(value)
    }
}

// The answers are of different types: int, long, ssize_t, off_t.
macro_rules! call {
    ($function:ident($($argument:expr),* $(,)?)) => {
        // SAFETY: every pointer passed by the wrappers of this file comes from a live reference whose length is
        // passed along with it, or from a C string that lives until the call returns.
        check(unsafe { libc::$function($($argument),*) } as i64)
    };
}

macro_rules! raw {
    ($number:ident, $($argument:expr),* $(,)?) => {
        // SAFETY: as for `call!`.
        check(unsafe { libc::syscall(libc::$number, $($argument),*) })
    };
}

mod aio;
mod attr;
mod block;
mod compat;
mod datagram;
mod exec;
mod inode;
mod io;
mod map;
mod mapper;
mod memory;
mod mount;
mod notify;
mod paths;
mod permission;
mod ranges;
mod rename;
mod signal;
mod socket;
mod trouble;
mod uring;

pub use aio::{Aio, Control, eventfd};
pub use attr::*;
pub use block::*;
pub use compat::*;
pub use datagram::*;
pub use exec::*;
pub use inode::*;
pub use io::*;
pub use map::Map;
pub use mapper::*;
pub use memory::*;
pub use mount::*;
pub use notify::*;
pub use paths::*;
pub use permission::*;
pub use ranges::*;
pub use rename::*;
pub use signal::*;
pub use socket::*;
pub use trouble::*;
pub use uring::{Request, Ring, statx_buffer};

/// open(2).
pub fn open(path: impl AsRef<OsStr>, flags: i32, mode: u32) -> Result<RawFd> {
    let path = cstring(path);
    call!(open(path.as_ptr(), flags | libc::O_CLOEXEC, mode)).map(|fd| fd as RawFd)
}

/// close(2).
pub fn close(fd: RawFd) -> Result<()> {
    call!(close(fd)).map(drop)
}

/// pread(2), or read(2) without an offset.
pub fn read(fd: RawFd, length: usize, offset: Option<i64>) -> Result<Vec<u8>> {
    let mut buffer = vec![0; length];
    let count = match offset {
        Some(offset) => call!(pread(fd, buffer.as_mut_ptr().cast(), length, offset))?,
        None => call!(read(fd, buffer.as_mut_ptr().cast(), length))?,
    };
    buffer.truncate(count as usize);
    Ok(buffer)
}

/// pwrite(2), or write(2) without an offset.
pub fn write(fd: RawFd, data: &[u8], offset: Option<i64>) -> Result<usize> {
    let count = match offset {
        Some(offset) => call!(pwrite(fd, data.as_ptr().cast(), data.len(), offset))?,
        None => call!(write(fd, data.as_ptr().cast(), data.len()))?,
    };
    Ok(count as usize)
}

/// lseek(2).
pub fn lseek(fd: RawFd, offset: i64, whence: i32) -> Result<i64> {
    call!(lseek(fd, offset, whence))
}

/// fstatat(2) on the current directory.
pub fn stat(path: impl AsRef<OsStr>, flags: i32) -> Result<libc::stat> {
    let path = cstring(path);
    let mut stat = MaybeUninit::zeroed();
    call!(fstatat(
        libc::AT_FDCWD,
        path.as_ptr(),
        stat.as_mut_ptr(),
        flags
    ))?;
    // SAFETY: zeroed is a valid stat, and the kernel has filled it in.
    Ok(unsafe { stat.assume_init() })
}

/// The link count, whose type differs between processors.
#[allow(clippy::unnecessary_cast)]
pub fn links(stat: &libc::stat) -> u64 {
    stat.st_nlink as u64
}

/// The block size, whose type differs between processors.
#[allow(clippy::unnecessary_cast)]
pub fn block_size(stat: &libc::stat) -> i64 {
    stat.st_blksize as i64
}

/// fstat(2).
pub fn fstat(fd: RawFd) -> Result<libc::stat> {
    let mut stat = MaybeUninit::zeroed();
    call!(fstat(fd, stat.as_mut_ptr()))?;
    // SAFETY: zeroed is a valid stat, and the kernel has filled it in.
    Ok(unsafe { stat.assume_init() })
}

/// statfs(2).
pub fn statfs(path: impl AsRef<OsStr>) -> Result<libc::statfs> {
    let path = cstring(path);
    let mut stat = MaybeUninit::zeroed();
    call!(statfs(path.as_ptr(), stat.as_mut_ptr()))?;
    // SAFETY: zeroed is a valid statfs, and the kernel has filled it in.
    Ok(unsafe { stat.assume_init() })
}

/// `f_fsid` of statfs(2).
pub fn fsid(path: impl AsRef<OsStr>) -> Result<u64> {
    let fsid = statfs(path)?.f_fsid;
    // SAFETY: It is two words without a meaning; the C library's type hides them.
    Ok(unsafe { std::mem::transmute::<libc::fsid_t, u64>(fsid) })
}

/// One entry as getdents64(2) gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dirent {
    /// The name, without `.` and `..` filtered out.
    pub name: Vec<u8>,
    /// d_ino.
    pub ino: u64,
    /// d_type.
    pub kind: u8,
    /// d_off: the position after this entry.
    pub next: i64,
}

/// One getdents64(2) call with a buffer of `size` bytes; empty at the end of the directory.
pub fn getdents(fd: RawFd, size: usize) -> Result<Vec<Dirent>> {
    let mut buffer = vec![0u8; size];
    let count = raw!(SYS_getdents64, fd, buffer.as_mut_ptr(), size)? as usize;
    dirents(&buffer[..count])
}

/// The entries that getdents64(2) left in a buffer.
fn dirents(mut rest: &[u8]) -> Result<Vec<Dirent>> {
    let mut entries = Vec::new();
    // struct linux_dirent64: d_ino 8, d_off 8, d_reclen 2, d_type 1, d_name up to a NUL.
    while rest.len() > 19 {
        let length = usize::from(u16::from_ne_bytes([rest[16], rest[17]]));
        let name = CStr::from_bytes_until_nul(&rest[19..length]).map_err(|_| Errno(libc::EIO))?;
        entries.push(Dirent {
            name: name.to_bytes().to_vec(),
            ino: u64::from_ne_bytes(rest[..8].try_into().expect("8 bytes")),
            kind: rest[18],
            next: i64::from_ne_bytes(rest[8..16].try_into().expect("8 bytes")),
        });
        rest = &rest[length..];
    }
    Ok(entries)
}

/// mkdir(2).
pub fn mkdir(path: impl AsRef<OsStr>, mode: u32) -> Result<()> {
    let path = cstring(path);
    call!(mkdir(path.as_ptr(), mode)).map(drop)
}

/// rmdir(2).
pub fn rmdir(path: impl AsRef<OsStr>) -> Result<()> {
    let path = cstring(path);
    call!(rmdir(path.as_ptr())).map(drop)
}

/// unlink(2).
pub fn unlink(path: impl AsRef<OsStr>) -> Result<()> {
    let path = cstring(path);
    call!(unlink(path.as_ptr())).map(drop)
}

/// renameat2(2).
pub fn rename(old: impl AsRef<OsStr>, new: impl AsRef<OsStr>, flags: u32) -> Result<()> {
    let (old, new) = (cstring(old), cstring(new));
    call!(renameat2(
        libc::AT_FDCWD,
        old.as_ptr(),
        libc::AT_FDCWD,
        new.as_ptr(),
        flags
    ))
    .map(drop)
}

/// linkat(2).
pub fn link(old: impl AsRef<OsStr>, new: impl AsRef<OsStr>, flags: i32) -> Result<()> {
    let (old, new) = (cstring(old), cstring(new));
    call!(linkat(
        libc::AT_FDCWD,
        old.as_ptr(),
        libc::AT_FDCWD,
        new.as_ptr(),
        flags
    ))
    .map(drop)
}

/// symlink(2).
pub fn symlink(target: impl AsRef<OsStr>, path: impl AsRef<OsStr>) -> Result<()> {
    let (target, path) = (cstring(target), cstring(path));
    call!(symlink(target.as_ptr(), path.as_ptr())).map(drop)
}

/// readlink(2).
pub fn readlink(path: impl AsRef<OsStr>) -> Result<Vec<u8>> {
    let path = cstring(path);
    let mut buffer = vec![0u8; 4096];
    let count = call!(readlink(
        path.as_ptr(),
        buffer.as_mut_ptr().cast(),
        buffer.len()
    ))?;
    buffer.truncate(count as usize);
    Ok(buffer)
}

/// mknod(2).
pub fn mknod(path: impl AsRef<OsStr>, mode: u32, device: u64) -> Result<()> {
    let path = cstring(path);
    call!(mknod(path.as_ptr(), mode, device)).map(drop)
}

/// fallocate(2).
pub fn fallocate(fd: RawFd, mode: i32, offset: i64, length: i64) -> Result<()> {
    call!(fallocate(fd, mode, offset, length)).map(drop)
}

/// copy_file_range(2) at explicit offsets.
pub fn copy_file_range(from: RawFd, at: i64, to: RawFd, to_at: i64, length: usize) -> Result<i64> {
    let (mut at, mut to_at) = (at, to_at);
    raw!(
        SYS_copy_file_range,
        from,
        &raw mut at,
        to,
        &raw mut to_at,
        length,
        0
    )
}

/// ioctl FICLONE.
pub fn ficlone(to: RawFd, from: RawFd) -> Result<()> {
    const FICLONE: libc::c_ulong = 0x4004_9409;
    call!(ioctl(to, FICLONE, from)).map(drop)
}

/// ioctl FS_IOC_GETFLAGS.
pub fn get_flags(fd: RawFd) -> Result<u32> {
    let mut flags: libc::c_long = 0;
    call!(ioctl(fd, libc::FS_IOC_GETFLAGS, &raw mut flags))?;
    Ok(flags as u32)
}

/// ioctl FS_IOC_SETFLAGS.
pub fn set_flags(fd: RawFd, flags: u32) -> Result<()> {
    let flags = libc::c_long::from(flags);
    call!(ioctl(fd, libc::FS_IOC_SETFLAGS, &raw const flags)).map(drop)
}

/// Extents of a file by ioctl FS_IOC_FIEMAP, as a count.
pub fn fiemap_count(fd: RawFd) -> Result<u32> {
    const FS_IOC_FIEMAP: libc::c_ulong = 0xC020_660B;
    // struct fiemap without extents: start, length, flags, mapped, count, reserved.
    let mut map = [0u32; 8];
    map[2] = u32::MAX;
    map[3] = u32::MAX;
    call!(ioctl(fd, FS_IOC_FIEMAP, map.as_mut_ptr()))?;
    Ok(map[5])
}

/// sendfile(2) from the current position.
pub fn sendfile(to: RawFd, from: RawFd, length: usize) -> Result<i64> {
    call!(sendfile(to, from, std::ptr::null_mut(), length))
}

/// pipe2(2): read end, write end.
pub fn pipe() -> Result<(RawFd, RawFd)> {
    let mut ends = [0; 2];
    call!(pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC))?;
    Ok((ends[0], ends[1]))
}

/// splice(2) without offsets.
pub fn splice(from: RawFd, to: RawFd, length: usize) -> Result<i64> {
    call!(splice(
        from,
        std::ptr::null_mut(),
        to,
        std::ptr::null_mut(),
        length,
        0
    ))
}

/// flock(2).
pub fn flock(fd: RawFd, operation: i32) -> Result<()> {
    call!(flock(fd, operation)).map(drop)
}

/// fcntl(2) with a lock of the bytes `start..start + length`.
pub fn fcntl_lock(fd: RawFd, command: i32, kind: i32, start: i64, length: i64) -> Result<i16> {
    // SAFETY: all zero is a valid flock.
    let mut lock: libc::flock = unsafe { std::mem::zeroed() };
    lock.l_type = kind as i16;
    lock.l_whence = libc::SEEK_SET as i16;
    lock.l_start = start;
    lock.l_len = length;
    call!(fcntl(fd, command, &raw mut lock))?;
    Ok(lock.l_type)
}

/// fcntl(2) with a number.
pub fn fcntl(fd: RawFd, command: i32, argument: i32) -> Result<i32> {
    call!(fcntl(fd, command, argument)).map(|value| value as i32)
}

/// fsync(2).
pub fn fsync(fd: RawFd) -> Result<()> {
    call!(fsync(fd)).map(drop)
}

/// fdatasync(2).
pub fn fdatasync(fd: RawFd) -> Result<()> {
    call!(fdatasync(fd)).map(drop)
}

/// syncfs(2).
pub fn syncfs(fd: RawFd) -> Result<()> {
    call!(syncfs(fd)).map(drop)
}

/// posix_fadvise(2); glibc returns the error instead of setting it.
pub fn fadvise(fd: RawFd, advice: i32) -> Result<()> {
    // SAFETY: no pointers.
    match unsafe { libc::posix_fadvise(fd, 0, 0, advice) } {
        0 => Ok(()),
        error => Err(Errno(error)),
    }
}

/// fcntl F_SETFL: replaces the flags `mask` of an open file by `flags`.
pub fn set_status_flags(fd: RawFd, flags: i32, mask: i32) -> Result<()> {
    let now = fcntl(fd, libc::F_GETFL, 0)?;
    fcntl(fd, libc::F_SETFL, (now & !mask) | flags).map(drop)
}

/// readahead(2).
pub fn readahead(fd: RawFd, offset: i64, length: usize) -> Result<()> {
    call!(readahead(fd, offset, length)).map(drop)
}

/// setrlimit(2) of the size of files, with the signal for going beyond it ignored.
pub fn limit_file_size(bytes: u64) -> Result<()> {
    let limit = libc::rlimit {
        rlim_cur: bytes,
        rlim_max: libc::RLIM_INFINITY,
    };
    // SAFETY: ignoring a signal installs no handler.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
    call!(setrlimit(libc::RLIMIT_FSIZE, &raw const limit)).map(drop)
}

/// inotify_init1(2) with one watch for `mask` on `path`.
pub fn inotify(path: impl AsRef<OsStr>, mask: u32) -> Result<RawFd> {
    let path = cstring(path);
    let fd = call!(inotify_init1(libc::IN_NONBLOCK | libc::IN_CLOEXEC))? as RawFd;
    call!(inotify_add_watch(fd, path.as_ptr(), mask))?;
    Ok(fd)
}

/// The masks and names of the events that wait.
pub fn inotify_events(fd: RawFd) -> Vec<(u32, String)> {
    let mut events = Vec::new();
    while let Ok(data) = read(fd, 4096, None) {
        let mut rest = &data[..];
        // struct inotify_event: wd 4, mask 4, cookie 4, len 4, name.
        while rest.len() >= 16 {
            let number =
                |at: usize| u32::from_ne_bytes(rest[at..at + 4].try_into().expect("4 bytes"));
            let end = 16 + number(12) as usize;
            let name = String::from_utf8_lossy(&rest[16..end]);
            events.push((number(4), name.trim_end_matches('\0').to_owned()));
            rest = &rest[end..];
        }
    }
    events
}

/// umask(2).
pub fn umask(mask: u32) -> u32 {
    // SAFETY: no pointers.
    unsafe { libc::umask(mask) }
}

/// chdir(2).
pub fn chdir(path: impl AsRef<OsStr>) -> Result<()> {
    let path = cstring(path);
    call!(chdir(path.as_ptr())).map(drop)
}

/// fchdir(2).
pub fn fchdir(fd: RawFd) -> Result<()> {
    call!(fchdir(fd)).map(drop)
}

/// Sets the effective user, group and supplementary groups of this thread alone, as setresuid(2) does it.
///
/// The real and saved ids stay, so that [`become_root`] finds the way back.
pub fn become_user(uid: u32, gid: u32, groups: &[u32]) -> Result<()> {
    raw!(SYS_setgroups, groups.len(), groups.as_ptr())?;
    raw!(SYS_setresgid, -1, gid, -1)?;
    raw!(SYS_setresuid, -1, uid, -1).map(drop)
}

/// Undoes [`become_user`].
pub fn become_root() -> Result<()> {
    raw!(SYS_setresuid, -1, 0, -1)?;
    raw!(SYS_setresgid, -1, 0, -1)?;
    raw!(SYS_setgroups, 0, std::ptr::null::<u32>()).map(drop)
}

/// makedev(3).
pub fn makedev(major: u32, minor: u32) -> u64 {
    libc::makedev(major, minor)
}
