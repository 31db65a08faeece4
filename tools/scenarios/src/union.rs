// SPDX-License-Identifier: GPL-2.0-only
//! The calls that only a union has: ioctl(2) on an open directory.

use std::os::fd::RawFd;

use union_logic::ioctl;

use crate::sys;

/// The number of the call that restores a deleted name.
pub const RESTORE: u64 = ioctl::RESTORE as u64;
/// The number of the call that returns the fallthru set of a directory.
pub const FALLTHRUS: u64 = ioctl::FALLTHRUS as u64;

/// Restores a deleted name.
pub fn restore(dir: RawFd, name: &str) -> sys::Result<()> {
    let mut argument = [0; ioctl::NAME];
    argument[..name.len()].copy_from_slice(name.as_bytes());
    sys::ioctl_bytes(dir, RESTORE, &mut argument)
}

/// The size of the fallthru set of a directory, with a buffer of so many bytes.
pub fn fallthrus(dir: RawFd, room: usize) -> sys::Result<u64> {
    let mut buffer = vec![0u8; room];
    fallthrus_to(dir, buffer.as_mut_ptr() as u64, room)
}

/// Like [`fallthrus`], written to an address.
pub fn fallthrus_to(dir: RawFd, address: u64, room: usize) -> sys::Result<u64> {
    let words = [address, room as u64];
    let mut argument: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
    sys::ioctl_bytes(dir, FALLTHRUS, &mut argument)?;
    Ok(u64::from_ne_bytes(
        argument[8..].try_into().expect("8 bytes"),
    ))
}
