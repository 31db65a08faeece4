// SPDX-License-Identifier: GPL-2.0-only

//! Inodes in a path walk under RCU.
//!
//! C: `MAY_NOT_BLOCK`; `Documentation/filesystems/path-lookup.rst`, "RCU-walk".

use crate::bindings;
use crate::vfs::{
    file_system::FileSystem, inode_data::WithData, mount::Idmap, super_block::FsInfo,
};
use core::{marker::PhantomData, ptr::NonNull};
use kernel::{error::to_result, prelude::*, sync::atomic::Acquire};

/// An inode of our own file system `T` that a walk under RCU has come upon.
///
/// Nobody holds a reference on it: it may be at its end, and `T`'s data of it dropped already. Only
/// what stays until the grace period is over can be had of it, and no reference on it.
///
/// # Invariants
///
/// The inode is of `T`. The read side of RCU is held for `'rcu`, and was when the inode was found.
pub struct RcuInode<'rcu, T> {
    inode: NonNull<bindings::inode>,
    _rcu: PhantomData<&'rcu T>,
}

impl<'rcu, T: FileSystem> RcuInode<'rcu, T> {
    /// # Safety
    ///
    /// `inode` must be one of a super block of `T` that was found under RCU, and the read side must
    /// be held for `'rcu`.
    pub(in crate::vfs) unsafe fn from_raw(inode: NonNull<bindings::inode>) -> Self {
        // INVARIANT: By the function's contract.
        Self {
            inode,
            _rcu: PhantomData,
        }
    }

    /// What the super block has for walks, which stays until the grace period is over
    /// ([`SuperOperations::put_super`](crate::vfs::super_ops::SuperOperations::put_super)).
    pub fn walk_data(&self) -> &'rcu T::WalkData {
        // SAFETY: By the invariant the memory is readable. `i_sb` never changes, and super blocks
        // are freed by RCU, too. Only this part is borrowed.
        unsafe { &(*FsInfo::<T>::of((*self.inode.as_ptr()).i_sb)).walk }
    }

    /// Checks mode and ACL against the credentials in force (`generic_permission()`).
    ///
    /// # Errors
    ///
    /// `ECHILD` if it would have to wait.
    pub fn generic_permission(&self, idmap: &Idmap, mask: u32) -> Result {
        let mask = mask | bindings::MAY_NOT_BLOCK;
        // SAFETY: By the invariant the inode is readable.
        to_result(unsafe {
            bindings::generic_permission(idmap.as_ptr(), self.inode.as_ptr(), mask as i32)
        })
    }

    /// The inode behind this one, and whether changes go to it: what
    /// [`InodeKinds::backing`](crate::vfs::inode_kinds::InodeKinds::backing) said. `None`: nothing is.
    pub fn backing(&self) -> Option<(RcuBacking<'rcu>, bool)> {
        // SAFETY: By the invariant the memory is readable; this word is not dropped.
        let word = unsafe {
            let this = WithData::<T>::container_of(self.inode.as_ptr());
            (*this).backing.load(Acquire)
        };
        let backing = RcuBacking {
            inode: NonNull::new((word & !1) as *mut bindings::inode)?,
            _rcu: PhantomData,
        };
        Some((backing, word & 1 != 0))
    }
}

/// The inode behind an [`RcuInode`].
///
/// # Invariants
///
/// It was referenced when the word that names it was stored, and inodes are freed by RCU: it is
/// readable for `'rcu`.
pub struct RcuBacking<'rcu> {
    inode: NonNull<bindings::inode>,
    _rcu: PhantomData<&'rcu ()>,
}

impl RcuBacking<'_> {
    /// File type and permission bits.
    pub fn mode(&self) -> u16 {
        // SAFETY: Readable, by the invariant; a racing read of a naturally aligned `umode_t`.
        unsafe { (&raw const (*self.inode.as_ptr()).i_mode).read_volatile() }
    }

    /// Checks as a system call would (`inode_permission()`).
    ///
    /// # Errors
    ///
    /// `ECHILD` if it would have to wait.
    pub fn permission(&self, idmap: &Idmap, mask: u32) -> Result {
        let mask = mask | bindings::MAY_NOT_BLOCK;
        // SAFETY: Readable, by the invariant.
        to_result(unsafe {
            bindings::inode_permission(idmap.as_ptr(), self.inode.as_ptr(), mask as i32)
        })
    }
}
