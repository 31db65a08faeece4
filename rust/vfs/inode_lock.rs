// SPDX-License-Identifier: GPL-2.0-only

//! Locks of an inode, and claims on it.
//!
//! C: `i_rwsem`, `I_OVL_INUSE`.

use super::inode::Inode;
use crate::bindings;
use core::mem::ManuallyDrop;
use kernel::sync::aref::ARef;

/// `i_rwsem` held for writing.
pub struct ExclusiveLock<'a> {
    pub(super) inode: &'a Inode,
}

impl<'a> ExclusiveLock<'a> {
    /// Turns the lock into a shared one without letting go of it (`downgrade_write()`).
    pub fn downgrade(self) -> SharedLock<'a> {
        let this = ManuallyDrop::new(self);
        // SAFETY: The lock is held exclusively by this guard, which is consumed.
        unsafe { bindings::inode_downgrade(this.inode.as_ptr()) };
        SharedLock { inode: this.inode }
    }
}

impl Drop for ExclusiveLock<'_> {
    fn drop(&mut self) {
        // SAFETY: Held by this guard.
        unsafe { bindings::inode_unlock(self.inode.as_ptr()) };
    }
}

/// `i_rwsem` held for reading.
pub struct SharedLock<'a> {
    pub(super) inode: &'a Inode,
}

impl Drop for SharedLock<'_> {
    fn drop(&mut self) {
        // SAFETY: Held by this guard.
        unsafe { bindings::inode_unlock_shared(self.inode.as_ptr()) };
    }
}

/// The claim of [`Inode::claim_in_use`]; dropping it gives it up.
pub struct InUse {
    pub(super) inode: ARef<Inode>,
}

impl InUse {
    /// The inode.
    pub fn inode(&self) -> &Inode {
        &self.inode
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        // SAFETY: The inode is alive, and the flag was set by this claim.
        unsafe { bindings::inode_inuse_unlock(self.inode.as_ptr()) };
    }
}
