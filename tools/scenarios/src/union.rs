// SPDX-License-Identifier: GPL-2.0-only
//! The calls that only a union has: ioctl(2) on an open directory or regular file.

use std::fmt::Display;
use std::fs::File;
use std::os::fd::{AsRawFd, RawFd};
use std::path::Path;

use union_logic::ioctl;
pub use union_logic::ioctl::Place;

use crate::sys;

/// The number of the call that restores a deleted name.
pub const RESTORE: u64 = ioctl::RESTORE as u64;
/// The number of the call that returns the fallthru set of a directory.
pub const FALLTHRUS: u64 = ioctl::FALLTHRUS as u64;
/// The number of the call that has the data of a file copied to the upper layer.
pub const SETTLE: u64 = ioctl::SETTLE as u64;
/// The number of the call that tells where the data of a file are.
pub const DATA: u64 = ioctl::DATA as u64;

/// The number of the call that says that all files are settled.
pub const SETTLED: u64 = ioctl::SETTLED as u64;

/// Has the data of a file copied to the upper layer: how many bytes.
pub fn settle(file: RawFd) -> sys::Result<u64> {
    let mut argument = [0; 8];
    sys::ioctl_bytes(file, SETTLE, &mut argument)?;
    Ok(u64::from_ne_bytes(argument))
}

/// Takes the lower file of this name for the one that has the rest of the data of a partial file.
pub fn accept(dir: RawFd, name: &str) -> sys::Result<()> {
    call_with_name(dir, ioctl::ACCEPT, name)
}

/// Says that there are no partial files any more.
pub fn settled(root: RawFd) -> sys::Result<()> {
    sys::ioctl_bytes(root, SETTLED, &mut [])
}

/// Whether there may be partial files in the upper layer with this work directory, so that overlayfs refuses it.
pub fn is_guarded(work: &Path) -> bool {
    work.join("work/incompat/union.partial").exists()
}

/// Settles all files below the root of a union, and says so.
pub fn settle_all(root: &Path) -> Result<(), String> {
    settle_below(root)?;
    let dir = File::open(root).map_err(|error| error.to_string())?;
    settled(dir.as_raw_fd()).map_err(|error| error.to_string())
}

fn settle_below(dir: &Path) -> Result<(), String> {
    let failed = |path: &Path, error: &dyn Display| format!("{}: {error}", path.display());
    for entry in std::fs::read_dir(dir).map_err(|error| failed(dir, &error))? {
        let path = entry.map_err(|error| failed(dir, &error))?.path();
        let kind = std::fs::symlink_metadata(&path).map_err(|error| failed(&path, &error))?;
        if kind.is_dir() {
            settle_below(&path)?;
        } else if kind.is_file() {
            let file = File::open(&path).map_err(|error| failed(&path, &error))?;
            settle(file.as_raw_fd()).map_err(|error| failed(&path, &error))?;
        }
    }
    Ok(())
}

/// Where the data of a file are, and how many bytes are not copied.
pub fn data(file: RawFd) -> sys::Result<(Place, u64)> {
    let mut argument = [0xff; ioctl::DATA_REPLY];
    sys::ioctl_bytes(file, DATA, &mut argument)?;
    let word = |at| u64::from_ne_bytes(argument[at..at + 8].try_into().expect("8 bytes"));
    let place = Place::with_number(word(0)).expect("a place");
    Ok((place, word(8)))
}

/// Restores a deleted name.
pub fn restore(dir: RawFd, name: &str) -> sys::Result<()> {
    call_with_name(dir, ioctl::RESTORE, name)
}

fn call_with_name(dir: RawFd, request: u32, name: &str) -> sys::Result<()> {
    let mut argument = [0; ioctl::NAME];
    argument[..name.len()].copy_from_slice(name.as_bytes());
    sys::ioctl_bytes(dir, request.into(), &mut argument)
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
