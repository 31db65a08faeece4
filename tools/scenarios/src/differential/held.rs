// SPDX-License-Identifier: GPL-2.0-only
//! What one process holds open in a tree.

use std::os::fd::RawFd;

use super::op::{SLOTS, Slot};
use crate::run::{Fd, Kept, Run};
use crate::{sys, walk};

/// The descriptors at hand, and a mapping.
pub struct Held {
    fds: [Fd; SLOTS],
    /// Their types, as bits of a mode.
    kinds: [u32; SLOTS],
    /// Everything that is open; more than there are slots when an open was not followed by a close.
    open: Vec<RawFd>,
    /// The mapping, if there is one.
    pub kept: Option<Kept>,
    /// The type of the file system that takes the changes (`f_type`).
    upper_type: i64,
}

/// File systems with behaviour of their own.
const EXT4: i64 = 0xef53;
const BTRFS: i64 = 0x9123_683e;

impl Held {
    /// Nothing yet; changes go to a file system of this type (`f_type`).
    pub fn nothing(upper_type: i64) -> Self {
        Self {
            fds: [Fd::NONE; SLOTS],
            kinds: [0; SLOTS],
            open: Vec::new(),
            kept: None,
            upper_type,
        }
    }

    /// The descriptor of a slot.
    pub fn fd(&self, slot: Slot) -> Fd {
        self.fds[slot]
    }

    /// Puts the result of an open(2) into a slot.
    pub fn put(&mut self, slot: Slot, fd: Fd) {
        if fd.raw() >= 0 {
            self.open.push(fd.raw());
        }
        self.kinds[slot] = sys::fstat(fd.raw()).map_or(0, |stat| walk::kind(&stat));
        self.fds[slot] = fd;
    }

    /// Closes the descriptor of a slot.
    pub fn close(&mut self, slot: Slot, r: &mut Run) {
        let fd = self.fds[slot];
        self.open.retain(|open| *open != fd.raw());
        r.close(fd);
        self.fds[slot] = Fd::NONE;
    }

    /// Closes everything.
    pub fn drop_all(&mut self) {
        Run::new(&mut std::io::sink()).map_drop(&mut self.kept);
        for fd in self.open.drain(..) {
            // An operation may have closed it already.
            let _ = sys::close(fd);
        }
        *self = Self::nothing(self.upper_type);
    }

    /// Whether a slot was opened as an object of this type.
    pub fn is(&self, slot: Slot, kind: u32) -> bool {
        self.kinds[slot] == kind
    }

    /// Whether two slots have the same file.
    pub fn are_one_file(&self, one: Slot, other: Slot) -> bool {
        let identity =
            |slot| sys::fstat(self.fd(slot).raw()).map(|stat| (stat.st_dev, stat.st_ino));
        identity(one).is_ok() && identity(one) == identity(other)
    }

    /// Whether a slot has a directory that was removed.
    pub fn is_removed_dir(&self, slot: Slot) -> bool {
        sys::fstat(self.fd(slot).raw())
            .is_ok_and(|stat| walk::kind(&stat) == libc::S_IFDIR && stat.st_nlink == 0)
    }

    /// Whether the result of this fallocate(2) depends on more than the contents of the file, with any file system
    /// above.
    pub fn allocates_otherwise(&self, slot: Slot, mode: i32, end: i64) -> bool {
        const PUNCH_HOLE: i32 = 0x2;
        const ZERO_RANGE: i32 = 0x10;
        let Ok(stat) = sys::fstat(self.fd(slot).raw()) else {
            return false;
        };
        match self.upper_type {
            // Of the block with the end of the file, ext4 zeroes the disk, and keeps what is in memory (7.2).
            EXT4 => mode & ZERO_RANGE != 0 && end > stat.st_size,
            // Set-id bits go if there was data to punch out, which depends on where the file was written to.
            BTRFS => mode & PUNCH_HOLE != 0 && stat.st_mode & 0o6000 != 0,
            _ => false,
        }
    }
}
