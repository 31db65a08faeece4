// SPDX-License-Identifier: GPL-2.0-only
//! The other side of UNIX sockets: accepting, and datagrams.

use std::os::fd::RawFd;

use super::{Result, check};

/// accept(2) that does not wait.
pub fn accept(fd: RawFd) -> Result<RawFd> {
    let flags = libc::SOCK_CLOEXEC;
    call!(fcntl(fd, libc::F_SETFL, libc::O_NONBLOCK))?;
    call!(accept4(
        fd,
        std::ptr::null_mut(),
        std::ptr::null_mut(),
        flags
    ))
    .map(|fd| fd as RawFd)
}

/// A UNIX datagram socket bound to `path`, not waiting.
pub fn datagram_socket(path: &str) -> Result<RawFd> {
    let kind = libc::SOCK_DGRAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    let socket = call!(socket(libc::AF_UNIX, kind, 0))? as RawFd;
    let (address, length) = address(path);
    call!(bind(socket, (&raw const address).cast(), length))?;
    Ok(socket)
}

/// sendto(2).
pub fn send_to(socket: RawFd, path: &str, data: &[u8]) -> Result<i64> {
    let (address, length) = address(path);
    call!(sendto(
        socket,
        data.as_ptr().cast(),
        data.len(),
        0,
        (&raw const address).cast(),
        length
    ))
}

/// recvfrom(2): the data, and the name of the sender.
pub fn receive_from(socket: RawFd) -> Result<(Vec<u8>, String)> {
    let mut data = vec![0u8; 100];
    let (mut from, mut length) = address("");
    let count = call!(recvfrom(
        socket,
        data.as_mut_ptr().cast(),
        data.len(),
        0,
        (&raw mut from).cast(),
        &raw mut length
    ))?;
    data.truncate(count as usize);
    let name = from.sun_path.iter().map(|byte| *byte as u8);
    let name = name.take_while(|byte| *byte != 0).collect();
    Ok((data, String::from_utf8(name).unwrap_or_default()))
}

fn address(path: &str) -> (libc::sockaddr_un, libc::socklen_t) {
    // SAFETY: all zero is a valid sockaddr_un.
    let mut address: libc::sockaddr_un = unsafe { std::mem::zeroed() };
    address.sun_family = libc::AF_UNIX as u16;
    assert!(
        path.len() < address.sun_path.len(),
        "names of sockets are short"
    );
    for (to, from) in address.sun_path.iter_mut().zip(path.bytes()) {
        *to = from as libc::c_char;
    }
    (address, size_of::<libc::sockaddr_un>() as u32)
}
