// SPDX-License-Identifier: GPL-2.0-only

//! Statistics of a file system (`struct kstatfs`).

use crate::bindings;
use crate::vfs::path::PathRef;
use kernel::{error::to_result, prelude::*};

/// `struct kstatfs`.
#[repr(transparent)]
pub struct Statfs(bindings::kstatfs);

impl Statfs {
    /// # Safety
    ///
    /// `ptr` must be valid and the caller's alone for `'a`.
    pub(in crate::vfs) unsafe fn from_raw<'a>(ptr: *mut kernel::bindings::kstatfs) -> &'a mut Self {
        // SAFETY: By the function's contract; the type is transparent.
        unsafe { &mut *ptr.cast() }
    }

    /// The statistics of the file system of `path` (`vfs_statfs()`).
    pub fn of(path: PathRef<'_>) -> Result<Self> {
        let mut buf = Self(pin_init::zeroed());
        buf.get(path)?;
        Ok(buf)
    }

    /// As [`of`](Self::of), into an existing value.
    pub fn get(&mut self, path: PathRef<'_>) -> Result {
        // SAFETY: The path is valid.
        to_result(unsafe { bindings::vfs_statfs(&path.raw(), &mut self.0) })
    }

    /// The number of blocks of the file system.
    pub fn blocks(&self) -> u64 {
        self.0.f_blocks
    }

    /// How many of them a user may still take.
    pub fn available(&self) -> u64 {
        self.0.f_bavail
    }

    /// How many inodes can still be made; none if the file system does not count them.
    pub fn free_inodes(&self) -> Option<u64> {
        (self.0.f_files != 0).then_some(self.0.f_ffree)
    }

    /// The size in bytes.
    pub fn bytes(&self) -> u64 {
        let size = u64::try_from(self.0.f_bsize).unwrap_or(0);
        self.0.f_blocks.saturating_mul(size)
    }

    /// The longest file name, in bytes.
    pub fn namelen(&self) -> i64 {
        self.0.f_namelen as i64
    }

    /// Sets the longest file name, in bytes.
    pub fn set_namelen(&mut self, len: i64) {
        self.0.f_namelen = len as isize;
    }

    /// Sets the type number.
    pub fn set_type(&mut self, magic: u32) {
        self.0.f_type = magic as isize;
    }

    /// Sets the identification.
    pub fn set_fsid(&mut self, fsid: [i32; 2]) {
        self.0.f_fsid.val = fsid;
    }

    /// Sets the identification, here derived from a device number.
    pub fn set_fsid_from_dev(&mut self, dev: u32) {
        // SAFETY: The helper computes a value.
        self.0.f_fsid = unsafe { bindings::dev_to_fsid(dev) };
    }
}
