// SPDX-License-Identifier: GPL-2.0-only

//! Locks of an inode, and claims on it.
//!
//! C: `i_rwsem`, `I_OVL_INUSE`.

use crate::bindings;
use crate::vfs::{inode::Inode, types::TaskLocal};
use core::{marker::PhantomData, mem::ManuallyDrop};
use kernel::{
    prelude::*,
    str::CString,
    sync::{
        aref::ARef,
        atomic::{Atomic, Relaxed},
        Arc,
    },
};

/// The claimant of an inode, for later mounts.
pub struct Holder {
    /// In words.
    pub name: CString,
    /// The device number of the claimant's super block.
    pub dev: u32,
    /// The facts that define the claimant, opaque to this layer. Another mount with the same facts
    /// would be the same file system.
    pub facts: KVec<u64>,
    /// Whether the claim was given up.
    gone: Atomic<bool>,
}

impl Holder {
    /// A prospective claimant.
    pub fn new(name: CString, dev: u32, facts: KVec<u64>) -> Self {
        Self {
            name,
            dev,
            facts,
            gone: Atomic::new(false),
        }
    }

    /// Whether one of its claims was released, after which its device number may be reused.
    pub fn is_gone(&self) -> bool {
        self.gone.load(Relaxed)
    }
}

/// A claim that is held, and by whom.
struct Held {
    inode: usize,
    holder: Arc<Holder>,
}

kernel::sync::global_lock! {
    // SAFETY: `init()` is called before a file system is registered, and so before there are claims.
    unsafe(uninit) static HELD: Mutex<KVec<Held>> = KVec::new();
}

/// Makes the table of claims; to be called at least once before a file system type is registered.
pub(in crate::vfs) fn init() {
    static DONE: Atomic<bool> = Atomic::new(false);
    if !DONE.xchg(true, Relaxed) {
        // SAFETY: Called once, before first use: types are registered by the initialiser of the
        // module, one after the other.
        unsafe { HELD.init() };
    }
}

/// `i_rwsem` held for writing.
pub struct ExclusiveLock<'a> {
    pub(in crate::vfs) inode: &'a Inode,
    pub(in crate::vfs) _task: TaskLocal,
}

impl<'a> ExclusiveLock<'a> {
    /// Downgrades the lock to a shared one (`downgrade_write()`).
    pub fn downgrade(self) -> SharedLock<'a> {
        let this = ManuallyDrop::new(self);
        // SAFETY: The lock is held exclusively by this guard, which is consumed.
        unsafe { bindings::inode_downgrade(this.inode.as_ptr()) };
        SharedLock {
            inode: this.inode,
            _task: PhantomData,
        }
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
    pub(in crate::vfs) inode: &'a Inode,
    pub(in crate::vfs) _task: TaskLocal,
}

impl Drop for SharedLock<'_> {
    fn drop(&mut self) {
        // SAFETY: Held by this guard.
        unsafe { bindings::inode_unlock_shared(self.inode.as_ptr()) };
    }
}

/// The claim of [`Inode::claim_in_use`], released on drop.
pub struct InUse {
    inode: ARef<Inode>,
}

impl InUse {
    pub(in crate::vfs) fn claim(inode: &Inode, holder: Arc<Holder>) -> Result<Option<Self>> {
        let mut held = HELD.lock();
        held.reserve(1, GFP_KERNEL)?;
        // SAFETY: The inode is alive; the helper sets the flag under i_lock.
        if !unsafe { bindings::inode_inuse_trylock(inode.as_ptr()) } {
            return Ok(None);
        }
        let claim = Self {
            inode: inode.into(),
        };
        let inode = inode.token();
        held.push(Held { inode, holder }, GFP_KERNEL)?;
        Ok(Some(claim))
    }

    /// The claimant of the inode, if it is a mount of this module.
    pub(in crate::vfs) fn holder_of(inode: &Inode) -> Option<Arc<Holder>> {
        let token = inode.token();
        let held = HELD.lock();
        let of_inode = held.iter().find(|held| held.inode == token)?;
        Some(of_inode.holder.clone())
    }

    /// The inode.
    pub fn inode(&self) -> &Inode {
        &self.inode
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        let token = self.inode.token();
        let mut held = HELD.lock();
        held.retain(|held| {
            let is_this = held.inode == token;
            if is_this {
                held.holder.gone.store(true, Relaxed);
            }
            !is_this
        });
        if held.is_empty() {
            // With its memory: the table is never dropped.
            *held = KVec::new();
        }
        drop(held);
        // SAFETY: The inode is alive, and the flag was set by this claim.
        unsafe { bindings::inode_inuse_unlock(self.inode.as_ptr()) };
    }
}
