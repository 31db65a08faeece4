// SPDX-License-Identifier: GPL-2.0-only
//! Block devices made from files: loop devices.

use std::os::fd::RawFd;
use std::path::PathBuf;

use super::{Result, check, close, open};

/// memfd_create(2).
pub fn memfd(name: &str) -> Result<RawFd> {
    let name = super::cstring(name);
    call!(memfd_create(name.as_ptr(), libc::MFD_CLOEXEC)).map(|fd| fd as RawFd)
}

/// A loop device for an open file, which is removed with its last user.
pub fn loop_device(file: RawFd) -> Result<(RawFd, PathBuf)> {
    const LOOP_CTL_GET_FREE: libc::c_ulong = 0x4C82;
    const LOOP_CONFIGURE: libc::c_ulong = 0x4C0A;
    const LO_FLAGS_AUTOCLEAR: u32 = 4;
    let control = open("/dev/loop-control", libc::O_RDWR, 0)?;
    let number = call!(ioctl(control, LOOP_CTL_GET_FREE, 0))?;
    close(control)?;
    let path = PathBuf::from(format!("/dev/loop{number}"));
    let device = open(&path, libc::O_RDWR, 0)?;
    // struct loop_config: fd, block size, then a loop_info64 whose flags are at 52, then 64 bytes of zeros.
    let mut config = [0u32; 76];
    config[0] = file as u32;
    config[2 + 52 / 4] = LO_FLAGS_AUTOCLEAR;
    let configured = call!(ioctl(device, LOOP_CONFIGURE, config.as_ptr()));
    // A kernel without CONFIG_BLK_DEV_WRITE_MOUNTED mounts nothing that is open for writing.
    let reader = configured.and_then(|_| open(&path, libc::O_RDONLY, 0));
    close(device)?;
    Ok((reader?, path))
}

/// Discards a range of a block device, its cache included.
pub fn discard(device: RawFd, at: u64, bytes: u64) -> Result<()> {
    const BLKDISCARD: libc::Ioctl = 0x1277;
    let range = [at, bytes];
    call!(ioctl(device, BLKDISCARD, range.as_ptr())).map(drop)
}
