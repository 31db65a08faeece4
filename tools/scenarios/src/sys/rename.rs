// SPDX-License-Identifier: GPL-2.0-only
//! Calls on names by descriptors.

use std::ffi::OsStr;
use std::os::fd::RawFd;

use super::{Result, check, cstring};
use crate::errno::Errno;

/// linkat(2) of an open file, with AT_EMPTY_PATH.
pub fn link_empty(fd: RawFd, new: impl AsRef<OsStr>) -> Result<()> {
    let new = cstring(new);
    call!(linkat(
        fd,
        c"".as_ptr(),
        libc::AT_FDCWD,
        new.as_ptr(),
        libc::AT_EMPTY_PATH
    ))
    .map(drop)
}

/// unlinkat(2) below an open directory.
pub fn unlink_at(dir: RawFd, path: impl AsRef<OsStr>, flags: i32) -> Result<()> {
    let path = cstring(path);
    call!(unlinkat(dir, path.as_ptr(), flags)).map(drop)
}

/// renameat2(2) between two open directories.
pub fn rename_at(
    old_dir: RawFd,
    old: impl AsRef<OsStr>,
    new_dir: RawFd,
    new: impl AsRef<OsStr>,
    flags: u32,
) -> Result<()> {
    let (old, new) = (cstring(old), cstring(new));
    call!(renameat2(
        old_dir,
        old.as_ptr(),
        new_dir,
        new.as_ptr(),
        flags
    ))
    .map(drop)
}

/// The last component of getcwd(2).
pub fn working_name() -> Result<String> {
    let path = std::env::current_dir().map_err(Errno::from)?;
    let name = path.file_name().unwrap_or_default();
    Ok(name.to_string_lossy().into_owned())
}
