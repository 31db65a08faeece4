// SPDX-License-Identifier: GPL-2.0-only
//! Executing the file of a descriptor, and mount namespaces for it.

use std::os::fd::RawFd;

use super::{Result, check, cstring};
use crate::errno::Errno;

/// execveat(2) with one argument; only returns on failure.
pub fn exec_at(fd: RawFd, path: &str, flags: i32) -> Errno {
    let path = cstring(path);
    let argument = cstring("program");
    let arguments = [argument.as_ptr(), std::ptr::null()];
    let environment = [std::ptr::null::<libc::c_char>()];
    raw!(
        SYS_execveat,
        fd,
        path.as_ptr(),
        arguments.as_ptr(),
        environment.as_ptr(),
        flags
    )
    .map_or_else(|error| error, |_| Errno(0))
}

/// Gives this process mounts of its own, from which nothing spreads.
pub fn own_mounts() -> Result<()> {
    call!(unshare(libc::CLONE_NEWNS))?;
    super::mount("none", "/", "", libc::MS_REC | libc::MS_PRIVATE, b"")
}

/// The expected lifetime of the data of a file.
pub const F_GET_RW_HINT: i32 = 1035;
/// Sets it.
pub const F_SET_RW_HINT: i32 = 1036;

/// fcntl(2) with a pointer to a number of 64 bits, as the write hints have it.
pub fn fcntl_u64(fd: RawFd, command: i32, mut value: u64) -> Result<u64> {
    call!(fcntl(fd, command, &raw mut value))?;
    Ok(value)
}
