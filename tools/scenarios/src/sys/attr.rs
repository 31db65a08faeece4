// SPDX-License-Identifier: GPL-2.0-only
//! Attributes: mode, owner, size, times, extended attributes.

use std::ffi::OsStr;
use std::os::fd::RawFd;

use super::{Result, check, cstring};

/// fchmodat(2), following links.
pub fn chmod(path: impl AsRef<OsStr>, mode: u32) -> Result<()> {
    let path = cstring(path);
    call!(chmod(path.as_ptr(), mode)).map(drop)
}

/// fchmod(2).
pub fn fchmod(fd: RawFd, mode: u32) -> Result<()> {
    call!(fchmod(fd, mode)).map(drop)
}

/// fchownat(2) without following links.
pub fn lchown(path: impl AsRef<OsStr>, uid: u32, gid: u32) -> Result<()> {
    let path = cstring(path);
    call!(lchown(path.as_ptr(), uid, gid)).map(drop)
}

/// fchown(2).
pub fn fchown(fd: RawFd, uid: u32, gid: u32) -> Result<()> {
    call!(fchown(fd, uid, gid)).map(drop)
}

/// A time as utimensat(2) takes it: seconds and nanoseconds.
pub type Time = (i64, i64);

fn timespec((tv_sec, tv_nsec): Time) -> libc::timespec {
    libc::timespec { tv_sec, tv_nsec }
}

/// utimensat(2).
pub fn utimens(path: impl AsRef<OsStr>, atime: Time, mtime: Time, flags: i32) -> Result<()> {
    let path = cstring(path);
    let times = [timespec(atime), timespec(mtime)];
    call!(utimensat(
        libc::AT_FDCWD,
        path.as_ptr(),
        times.as_ptr(),
        flags
    ))
    .map(drop)
}

/// futimens(3).
pub fn futimens(fd: RawFd, atime: Time, mtime: Time) -> Result<()> {
    let times = [timespec(atime), timespec(mtime)];
    call!(futimens(fd, times.as_ptr())).map(drop)
}

/// truncate(2).
pub fn truncate(path: impl AsRef<OsStr>, size: i64) -> Result<()> {
    let path = cstring(path);
    call!(truncate(path.as_ptr(), size)).map(drop)
}

/// ftruncate(2).
pub fn ftruncate(fd: RawFd, size: i64) -> Result<()> {
    call!(ftruncate(fd, size)).map(drop)
}

/// access(2) with the effective ids (faccessat2 with AT_EACCESS).
pub fn access(path: impl AsRef<OsStr>, mode: i32) -> Result<()> {
    let path = cstring(path);
    raw!(
        SYS_faccessat2,
        libc::AT_FDCWD,
        path.as_ptr(),
        mode,
        libc::AT_EACCESS
    )
    .map(drop)
}

/// lsetxattr(2).
pub fn setxattr(path: impl AsRef<OsStr>, name: &str, value: &[u8], flags: i32) -> Result<()> {
    let (path, name) = (cstring(path), cstring(name));
    call!(lsetxattr(
        path.as_ptr(),
        name.as_ptr(),
        value.as_ptr().cast(),
        value.len(),
        flags
    ))
    .map(drop)
}

/// fsetxattr(2).
pub fn fsetxattr(fd: RawFd, name: &str, value: &[u8], flags: i32) -> Result<()> {
    let name = cstring(name);
    call!(fsetxattr(
        fd,
        name.as_ptr(),
        value.as_ptr().cast(),
        value.len(),
        flags
    ))
    .map(drop)
}

/// lgetxattr(2) with a buffer that holds the largest value.
pub fn getxattr(path: impl AsRef<OsStr>, name: &str) -> Result<Vec<u8>> {
    let (path, name) = (cstring(path), cstring(name));
    let mut buffer = vec![0u8; 65536];
    let count = call!(lgetxattr(
        path.as_ptr(),
        name.as_ptr(),
        buffer.as_mut_ptr().cast(),
        buffer.len()
    ))?;
    buffer.truncate(count as usize);
    Ok(buffer)
}

/// lgetxattr(2) with a buffer of `size` bytes: how many it takes.
pub fn getxattr_into(path: impl AsRef<OsStr>, name: &str, size: usize) -> Result<i64> {
    let (path, name) = (cstring(path), cstring(name));
    let mut buffer = vec![0u8; size];
    call!(lgetxattr(
        path.as_ptr(),
        name.as_ptr(),
        buffer.as_mut_ptr().cast(),
        size
    ))
}

/// llistxattr(2) with a buffer of `size` bytes: how many it takes.
pub fn listxattr_into(path: impl AsRef<OsStr>, size: usize) -> Result<i64> {
    let path = cstring(path);
    let mut buffer = vec![0u8; size];
    call!(llistxattr(path.as_ptr(), buffer.as_mut_ptr().cast(), size))
}

/// llistxattr(2), sorted.
pub fn listxattr(path: impl AsRef<OsStr>) -> Result<Vec<String>> {
    let path = cstring(path);
    let mut buffer = vec![0u8; 65536];
    let count = call!(llistxattr(
        path.as_ptr(),
        buffer.as_mut_ptr().cast(),
        buffer.len()
    ))?;
    let mut names: Vec<String> = buffer[..count as usize]
        .split(|byte| *byte == 0)
        .filter(|name| !name.is_empty())
        .map(|name| String::from_utf8_lossy(name).into_owned())
        .collect();
    names.sort();
    Ok(names)
}

/// lremovexattr(2).
pub fn removexattr(path: impl AsRef<OsStr>, name: &str) -> Result<()> {
    let (path, name) = (cstring(path), cstring(name));
    call!(lremovexattr(path.as_ptr(), name.as_ptr())).map(drop)
}
