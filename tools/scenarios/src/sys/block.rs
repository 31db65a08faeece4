// SPDX-License-Identifier: GPL-2.0-only
//! Block devices made from files: loop devices, and the device mapper, which can make them fail.

use std::os::fd::RawFd;
use std::path::PathBuf;

use super::{Result, check, close, open};
use crate::errno::Errno;

/// memfd_create(2).
pub fn memfd(name: &str) -> Result<RawFd> {
    let name = super::cstring(name);
    call!(memfd_create(name.as_ptr(), libc::MFD_CLOEXEC)).map(|fd| fd as RawFd)
}

/// A loop device for an open file, which goes away with its last user.
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

/// Makes a block device forget what it holds in a range, its cache included.
pub fn discard(device: RawFd, at: u64, bytes: u64) -> Result<()> {
    const BLKDISCARD: libc::Ioctl = 0x1277;
    let range = [at, bytes];
    call!(ioctl(device, BLKDISCARD, range.as_ptr())).map(drop)
}

/// A device of the device mapper.
pub struct Mapped {
    /// Its node.
    pub path: PathBuf,
    name: String,
    control: RawFd,
}

/// Size of struct dm_ioctl.
const HEAD: usize = 312;
/// Size of struct dm_target_spec.
const SPEC: usize = 40;
const DEV_CREATE: u64 = 3;
const DEV_REMOVE: u64 = 4;
const DEV_SUSPEND: u64 = 6;
const TABLE_LOAD: u64 = 9;
const TARGET_MESSAGE: u64 = 14;
const SUSPEND: u32 = 1 << 1;
const SKIP_LOCKFS: u32 = 1 << 10;
const NOFLUSH: u32 = 1 << 11;
const DEFERRED_REMOVE: u32 = 1 << 17;

impl Mapped {
    /// A device without a table.
    pub fn new(name: &str) -> Result<Self> {
        let control = open("/dev/mapper/control", libc::O_RDWR, 0)?;
        let mut mapped = Self {
            path: PathBuf::new(),
            name: name.to_owned(),
            control,
        };
        let answer = mapped.ask(DEV_CREATE, 0, 0, &[])?;
        let device = u64::from_ne_bytes(answer[40..48].try_into().expect("8 bytes"));
        mapped.path = format!("/dev/dm-{}", libc::minor(device)).into();
        Ok(mapped)
    }

    /// Replaces the table by one target over the whole device; requests under way are failed, not waited for.
    pub fn table(&self, sectors: u64, target: &str, parameters: &str) -> Result<()> {
        let mut spec = vec![0u8; SPEC];
        spec[8..16].copy_from_slice(&sectors.to_ne_bytes());
        spec[24..24 + target.len()].copy_from_slice(target.as_bytes());
        spec.extend(parameters.as_bytes());
        // The NUL at the end, and the next target would begin at a multiple of 8.
        spec.resize((spec.len() + 8) & !7, 0);
        let length = spec.len() as u32;
        spec[20..24].copy_from_slice(&length.to_ne_bytes());
        self.ask(TABLE_LOAD, 0, 1, &spec)?;
        self.ask(DEV_SUSPEND, SUSPEND | SKIP_LOCKFS | NOFLUSH, 0, &[])?;
        self.ask(DEV_SUSPEND, 0, 0, &[]).map(drop)
    }

    /// Sends a message to the target at the beginning of the device.
    pub fn message(&self, text: &str) -> Result<()> {
        // struct dm_target_msg: the sector, then the text.
        let mut message = vec![0u8; 8];
        message.extend(text.as_bytes());
        message.push(0);
        self.ask(TARGET_MESSAGE, 0, 0, &message).map(drop)
    }

    /// Removes the device, which nobody may use.
    pub fn remove(&self) -> Result<()> {
        self.ask(DEV_REMOVE, 0, 0, &[]).map(drop)
    }

    fn ask(&self, command: u64, flags: u32, targets: u32, data: &[u8]) -> Result<Vec<u8>> {
        let mut buffer = vec![0u8; HEAD];
        buffer.extend(data);
        // Room for what the kernel may want to say.
        buffer.resize(buffer.len() + 256, 0);
        let size = buffer.len() as u32;
        let mut number = |at: usize, value: u32| {
            buffer[at..at + 4].copy_from_slice(&value.to_ne_bytes());
        };
        number(0, 4);
        number(12, size);
        number(16, HEAD as u32);
        number(20, targets);
        number(28, flags);
        let name = self.name.as_bytes();
        buffer[48..48 + name.len()].copy_from_slice(name);
        // _IOWR(0xfd, command, struct dm_ioctl).
        let request = 0xC138_FD00 | command;
        call!(ioctl(self.control, request, buffer.as_mut_ptr()))?;
        Ok(buffer)
    }
}

impl Drop for Mapped {
    fn drop(&mut self) {
        // After remove() there is nothing; otherwise it goes with its last user.
        let _: std::result::Result<_, Errno> = self.ask(DEV_REMOVE, DEFERRED_REMOVE, 0, &[]);
        let _ = close(self.control);
    }
}
