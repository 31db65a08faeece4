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

/// The last component of getcwd(2).
pub fn working_name() -> Result<String> {
    let path = std::env::current_dir().map_err(Errno::from)?;
    let name = path.file_name().unwrap_or_default();
    Ok(name.to_string_lossy().into_owned())
}
