// SPDX-License-Identifier: GPL-2.0-only
//! The device mapper: block devices that fail on request, or that keep a log of writes.

use std::os::fd::RawFd;
use std::path::PathBuf;

use super::{Result, check, close, open};
use crate::errno::Errno;

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

    /// Replaces the table by one target over the whole device; requests under way fail at once.
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
        self.hold()?;
        self.go_on()
    }

    /// Lets all requests wait, those under way and new ones.
    pub fn hold(&self) -> Result<()> {
        self.ask(DEV_SUSPEND, SUSPEND | SKIP_LOCKFS | NOFLUSH, 0, &[])
            .map(drop)
    }

    /// Serves those that have waited.
    pub fn go_on(&self) -> Result<()> {
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

    /// Removes the device, which must not be in use.
    pub fn remove(&self) -> Result<()> {
        self.ask(DEV_REMOVE, 0, 0, &[]).map(drop)
    }

    fn ask(&self, command: u64, flags: u32, targets: u32, data: &[u8]) -> Result<Vec<u8>> {
        let mut buffer = vec![0u8; HEAD];
        buffer.extend(data);
        // Room for the kernel's answer.
        buffer.resize(buffer.len() + 256, 0);
        let size = buffer.len() as u32;
        // Major version, size, where the data begin, how many targets, flags.
        let numbers = [
            (0, 4),
            (12, size),
            (16, HEAD as u32),
            (20, targets),
            (28, flags),
        ];
        for (at, number) in numbers {
            buffer[at..at + 4].copy_from_slice(&number.to_ne_bytes());
        }
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
        // After remove() there is nothing; otherwise it is removed with its last user.
        let _: std::result::Result<_, Errno> = self.ask(DEV_REMOVE, DEFERRED_REMOVE, 0, &[]);
        let _ = close(self.control);
    }
}
