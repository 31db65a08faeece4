// SPDX-License-Identifier: GPL-2.0-only
//! UNIX sockets with names.

use std::ffi::OsStr;
use std::os::fd::RawFd;
use std::os::unix::ffi::OsStrExt;

use super::{Result, check, close};
use crate::errno::Errno;

/// A UNIX socket bound to `path`, listening.
pub fn bind_unix(path: impl AsRef<OsStr>) -> Result<RawFd> {
    let (socket, address, length) = unix_socket(path)?;
    call!(bind(socket, (&raw const address).cast(), length))?;
    call!(listen(socket, 1))?;
    Ok(socket)
}

/// A UNIX socket connected to the one at `path`.
pub fn connect_unix(path: impl AsRef<OsStr>) -> Result<RawFd> {
    let (socket, address, length) = unix_socket(path)?;
    match call!(connect(socket, (&raw const address).cast(), length)) {
        Ok(_) => Ok(socket),
        Err(error) => {
            let _ = close(socket);
            Err(error)
        }
    }
}

fn unix_socket(path: impl AsRef<OsStr>) -> Result<(RawFd, libc::sockaddr_un, u32)> {
    let socket = call!(socket(
        libc::AF_UNIX,
        libc::SOCK_STREAM | libc::SOCK_CLOEXEC,
        0
    ))? as RawFd;
    // SAFETY: all zero is a valid sockaddr_un.
    let mut address: libc::sockaddr_un = unsafe { std::mem::zeroed() };
    address.sun_family = libc::AF_UNIX as u16;
    let bytes = path.as_ref().as_bytes();
    if bytes.len() >= address.sun_path.len() {
        return Err(Errno(libc::ENAMETOOLONG));
    }
    for (to, from) in address.sun_path.iter_mut().zip(bytes) {
        *to = *from as libc::c_char;
    }
    Ok((socket, address, size_of::<libc::sockaddr_un>() as u32))
}
