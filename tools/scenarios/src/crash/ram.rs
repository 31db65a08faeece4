// SPDX-License-Identifier: GPL-2.0-only
//! The disk on which the states are checked: one of brd, the kernel's disks in memory, which is filled for each state.
//! It costs a fraction of a loop device: a state needs no setup, and requests are served at once.

use std::os::fd::RawFd;
use std::path::Path;

use crate::sys;

/// The module, and how it is to be loaded: one disk, as large as the largest image of a workload.
pub const MODULE: &str = "brd rd_nr=1 rd_size=65536";

const PATH: &str = "/dev/ram0";
const BYTES: u64 = 64 << 20;

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

    /// Discards its contents; it must not be mounted. The last file system may have it open a moment longer than its
    /// unmount takes, and write to it.
    pub fn clear(&self) -> Result<(), String> {
        let alone = || sys::open(PATH, libc::O_RDWR | libc::O_EXCL, 0).and_then(sys::close);
        sys::until_idle(alone).map_err(|error| format!("waiting for {PATH}: {error}"))?;
        sys::discard(self.0, 0, BYTES).map_err(|error| format!("emptying {PATH}: {error}"))
    }

    /// Writes bytes, which are aligned to a page in memory, at the offset `at`, which is aligned as well.
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

    /// Mounts the file system on it; reading changes no times.
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
