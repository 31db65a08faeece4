// SPDX-License-Identifier: GPL-2.0-only
//! The disk that the states are looked at on: one of brd, the kernel's disks in memory, which is filled for each.
//!
//! It costs a fraction of a loop device: nothing is set up for a state, and requests are served where they are made.

use std::os::fd::RawFd;
use std::path::Path;

use crate::sys;

/// The module, and how it is to be loaded: one disk, as large as the largest image of a workload.
pub const MODULE: &str = "brd rd_nr=1 rd_size=32768";

const PATH: &str = "/dev/ram0";
const BYTES: u64 = 32 << 20;

/// The disk.
pub struct Ram(RawFd);

impl Ram {
    /// Its node.
    pub fn path(&self) -> &'static Path {
        Path::new(PATH)
    }

    /// Takes it.
    pub fn open() -> Result<Self, String> {
        sys::open(PATH, libc::O_RDWR | libc::O_DIRECT, 0)
            .map(Self)
            .map_err(|error| format!("opening {PATH}: {error}"))
    }

    /// Forgets all that it holds; it must not be mounted.
    pub fn clear(&self) -> Result<(), String> {
        sys::discard(self.0, 0, BYTES).map_err(|error| format!("emptying {PATH}: {error}"))
    }

    /// Writes bytes, which begin at a page of memory, at the offset `at`, which does at one of the disk.
    pub fn put(&self, at: usize, bytes: &[u8]) -> Result<(), String> {
        match sys::write(self.0, bytes, Some(at as i64)) {
            Ok(count) if count == bytes.len() => Ok(()),
            Ok(count) => Err(format!(
                "only {count} of {} bytes at {at} fit on {PATH}",
                bytes.len()
            )),
            Err(error) => Err(format!("writing to {PATH}: {error}")),
        }
    }

    /// Mounts the file system on it; to look at it changes no times.
    pub fn mount(&self, fstype: &str, target: &Path) -> Result<(), String> {
        sys::mount(PATH, target, fstype, libc::MS_NOATIME, b"")
            .map_err(|error| format!("mounting {fstype}: {error}"))
    }
}

impl Drop for Ram {
    fn drop(&mut self) {
        let _ = sys::close(self.0);
    }
}
