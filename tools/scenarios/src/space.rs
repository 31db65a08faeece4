// SPDX-License-Identifier: GPL-2.0-only
//! Filling file systems.

use std::os::fd::RawFd;
use std::path::Path;

use crate::bench::Bench;
use crate::changes;
use crate::image::Image;
use crate::sys;

/// A file that takes all free space.
pub struct Ballast {
    fd: RawFd,
    size: i64,
}

impl Ballast {
    /// An empty one.
    pub fn new(dir: &Path) -> sys::Result<Self> {
        let flags = libc::O_CREAT | libc::O_RDWR;
        let fd = sys::open(dir.join("ballast"), flags, 0o600)?;
        Ok(Self { fd, size: 0 })
    }

    /// Takes the free space, to the last block.
    pub fn fill(&mut self) {
        let mut step = 64 << 20;
        while step >= 1024 {
            match sys::fallocate(self.fd, 0, self.size, step) {
                Ok(()) => self.size += step,
                Err(_) => step /= 2,
            }
        }
    }

    /// Gives `bytes` back.
    pub fn shrink(&mut self, bytes: i64) -> sys::Result<()> {
        self.size = (self.size - bytes).max(0);
        sys::ftruncate(self.fd, self.size)?;
        sys::fsync(self.fd)
    }
}

impl Drop for Ballast {
    fn drop(&mut self) {
        let _ = sys::close(self.fd);
    }
}

impl Bench<'_> {
    /// Makes every change in a union whose upper layer is on a full copy of `image`, which gets space step by step.
    pub fn full_disk(&self, image: &Image) -> Result<(), String> {
        let disk = self.looped(image)?;
        let upper_fs = self.target("upper_fs")?;
        disk.mount(&upper_fs, 0, "")?;
        let (l, union, lowers) = changes::prepared(self, &upper_fs)?;
        let mut ballast = Ballast::new(&upper_fs)?;
        let steps = [0, 1, 2, 4, 8, 16, 32, 64, 256, 1024, 4096];
        let failures = changes::squeeze(self, &l, 0, libc::ENOSPC, &steps, |kib| {
            if kib == 0 {
                ballast.fill();
                Ok(())
            } else {
                Ok(self.works("making room", ballast.shrink(1024 * kib as i64))?)
            }
        })?;
        must!(
            failures >= 12,
            "the copies of a dozen files must have found too little room, {failures} times"
        )?;
        self.works("making room", ballast.shrink(i64::MAX))?;
        self.sound(&union, &l, &lowers).map(drop)
    }
}
