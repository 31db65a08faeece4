// SPDX-License-Identifier: GPL-2.0-only
//! Files mapped into memory.

use std::os::fd::RawFd;

use super::{Result, check};
use crate::errno::Errno;

/// A mapping of the start of a file.
pub struct Map {
    address: *mut u8,
    length: usize,
}

impl Map {
    /// mmap(2) of the first `length` bytes.
    pub fn new(fd: RawFd, length: usize, protection: i32, flags: i32) -> Result<Self> {
        // SAFETY: a new mapping at an address the kernel chooses overlaps nothing.
        let address = unsafe { libc::mmap(std::ptr::null_mut(), length, protection, flags, fd, 0) };
        if address == libc::MAP_FAILED {
            return Err(Errno::last());
        }
        Ok(Self {
            address: address.cast(),
            length,
        })
    }

    /// The same over one of anonymous memory (`MAP_FIXED`).
    pub fn over(fd: RawFd, length: usize, protection: i32, flags: i32) -> Result<Self> {
        let anonymous = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        let map = Self::new(-1, length, libc::PROT_READ, anonymous)?;
        let flags = flags | libc::MAP_FIXED;
        // SAFETY: what is replaced is a mapping of ours that nothing refers to.
        let address = unsafe { libc::mmap(map.address.cast(), length, protection, flags, fd, 0) };
        if address == libc::MAP_FAILED {
            return Err(Errno::last());
        }
        Ok(map)
    }

    /// Where it is.
    pub fn address(&self) -> usize {
        self.address as usize
    }

    /// The bytes now mapped, copied out.
    pub fn bytes(&self) -> Vec<u8> {
        (0..self.length)
            // SAFETY: inside the mapping; volatile because others may write to the file.
            .map(|at| unsafe { self.address.add(at).read_volatile() })
            .collect()
    }

    /// Stores `data` at `at`; the mapping must be writable.
    pub fn store(&mut self, at: usize, data: &[u8]) {
        assert!(at + data.len() <= self.length);
        for (index, byte) in data.iter().enumerate() {
            // SAFETY: inside the mapping, as asserted.
            unsafe { self.address.add(at + index).write_volatile(*byte) };
        }
    }

    /// msync(2) with MS_SYNC.
    pub fn sync(&self) -> Result<()> {
        call!(msync(self.address.cast(), self.length, libc::MS_SYNC)).map(drop)
    }
}

impl Drop for Map {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours and nothing refers to it any more.
        unsafe { libc::munmap(self.address.cast(), self.length) };
    }
}
