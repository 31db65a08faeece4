// SPDX-License-Identifier: GPL-2.0-only

//! Whether entries of a directory of the upper layer may carry the inode number of a lower object.

use kernel::sync::atomic::{Acquire, Atomic, Full, Relaxed, Release};

/// What is known of that, of one directory.
pub struct Impurity {
    /// 0 says that none does; any other number, that one may, and another number that one more does.
    count: Atomic<u32>,
    /// How many copies are on their way into the directory.
    arriving: Atomic<u32>,
    /// The directory is marked.
    marked: Atomic<bool>,
}

impl Impurity {
    /// Of a directory that is marked, or is not.
    pub fn new(marked: bool) -> Self {
        Self {
            count: Atomic::new(marked.into()),
            arriving: Atomic::new(0),
            marked: Atomic::new(marked),
        }
    }

    /// A number for [`found_pure`](Self::found_pure), to be read before the entries. 0: no entry
    /// does.
    pub fn count(&self) -> u32 {
        // A task that sees the number made by `arrival` also sees that a copy is arriving.
        self.count.load(Acquire)
    }

    /// Whether any entry may.
    pub fn may_be(&self) -> bool {
        self.count() != 0
    }

    /// Records that one more entry carries such a number, or is about to.
    ///
    /// Fully ordered, as [`set_marked`](Self::set_marked): who looks for the mark afterwards sees that it is
    /// being taken off, or who takes it off and looks here afterwards sees this.
    pub fn add(&self) {
        if self.count.fetch_add(1, Full) == u32::MAX {
            self.count.store(1, Release);
        }
    }

    /// Records that one more entry is about to carry such a number, in a directory that is not
    /// locked. Until the result is dropped, no listing finds the directory pure, because it may
    /// have read the entries before.
    pub fn arrival(&self) -> Arrival<'_> {
        self.arriving.fetch_add(1, Relaxed);
        self.add();
        Arrival(self)
    }

    /// Notes that no entry does, unless one has come since `count` was asked for, or is about to.
    pub fn found_pure(&self, count: u32) {
        if self.arriving.load(Acquire) == 0 {
            let _ = self.count.cmpxchg(count, 0, Relaxed);
        }
    }

    /// Whether the directory is marked.
    pub fn is_marked(&self) -> bool {
        self.marked.load(Relaxed)
    }

    /// Records whether it has, fully ordered.
    pub fn set_marked(&self, is: bool) {
        self.marked.xchg(is, Full);
    }
}

/// A copy on its way into a directory ([`Impurity::arrival`]).
#[must_use]
pub struct Arrival<'a>(&'a Impurity);

impl Drop for Arrival<'_> {
    fn drop(&mut self) {
        // A listing that has seen the first number may not have seen the copy.
        self.0.add();
        self.0.arriving.fetch_sub(1, Release);
    }
}
