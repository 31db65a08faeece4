// SPDX-License-Identifier: GPL-2.0-only

//! What is allocated for an inode.

use crate::bindings;
use crate::vfs::{file_system::FileSystem, inode::Inode};
use core::mem::{offset_of, MaybeUninit};
use kernel::sync::atomic::Atomic;

/// The inode behind a stacked one.
#[derive(Clone, Copy)]
pub struct Backing<'a> {
    /// The inode.
    pub inode: &'a Inode,
    /// Whether changes go to it.
    pub takes_changes: bool,
}

impl Backing<'_> {
    /// Both in one word, so that a walk under RCU sees both or neither. Inodes are aligned to more
    /// than 2.
    pub(in crate::vfs) fn word(self) -> usize {
        self.inode.as_ptr() as usize | usize::from(self.takes_changes)
    }
}

/// What is allocated for an inode of `T`: `T`'s data, then the inode.
#[repr(C)]
pub(in crate::vfs) struct WithData<T: FileSystem> {
    pub(in crate::vfs) data: MaybeUninit<T::InodeData>,
    /// Whether `data` is initialised. Written before the inode is published, read at its end.
    pub(in crate::vfs) ready: bool,
    /// Whether an inode that was made unhashed was hashed since, or is about to be.
    pub(in crate::vfs) hashed_late: Atomic<bool>,
    /// The inode that a stacked inode stands for now, for walks under RCU: what
    /// [`InodeKinds::backing`](crate::vfs::inode_kinds::InodeKinds::backing) has said.
    pub(in crate::vfs) backing: Atomic<usize>,
    pub(in crate::vfs) inode: bindings::inode,
}

impl<T: FileSystem> WithData<T> {
    /// # Safety
    ///
    /// `inode` must be the inode within a `WithData<T>`.
    pub(in crate::vfs) unsafe fn container_of(inode: *mut bindings::inode) -> *mut Self {
        // SAFETY: By the function's contract.
        unsafe { inode.byte_sub(offset_of!(Self, inode)).cast() }
    }
}
