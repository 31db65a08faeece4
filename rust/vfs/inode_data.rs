// SPDX-License-Identifier: GPL-2.0-only

//! What is allocated for an inode, and what it is found by.
//!
//! C: `->alloc_inode()`, `->destroy_inode()`, `->free_inode()`, the callbacks of `iget5_locked()`.

use super::{file_system::FileSystem, inode::Inode, types::Ino};
use crate::bindings;
use core::mem::{offset_of, MaybeUninit};
use kernel::sync::atomic::{Acquire, Atomic, Release};

/// The inode behind a stacked one.
#[derive(Clone, Copy)]
pub struct Backing<'a> {
    /// The inode. The stacked inode's data must hold a reference on it (through a dentry, say)
    /// until they are dropped.
    pub inode: &'a Inode,
    /// Whether changes go to it.
    pub takes_changes: bool,
}

impl Backing<'_> {
    /// Both in one word, so that a walk under RCU sees both or neither. Inodes are aligned to more
    /// than 2.
    pub(super) fn word(self) -> usize {
        self.inode.as_ptr() as usize | usize::from(self.takes_changes)
    }
}

/// What an inode is found by: its number, and the inode behind it.
pub(super) struct Identity {
    pub(super) ino: Ino,
    pub(super) backing: usize,
}

impl Identity {
    pub(super) fn new(ino: Ino, backing: Backing<'_>) -> Self {
        Self {
            ino,
            backing: backing.word(),
        }
    }

    /// # Safety
    ///
    /// `inode` must be an inode of `T` that nobody else uses, or be locked in the inode hash.
    pub(super) unsafe fn store<T: FileSystem>(&self, inode: *mut bindings::inode) {
        // SAFETY: By the function's contract.
        unsafe {
            (*inode).i_ino = self.ino;
            let this = &*WithData::<T>::container_of(inode);
            this.backing.store(self.backing, Release);
        }
    }

    /// # Safety
    ///
    /// To be called by the inode cache alone, for inodes of a super block of `T`, with an
    /// `Identity`.
    pub(super) unsafe extern "C" fn test<T: FileSystem>(
        inode: *mut bindings::inode,
        identity: *mut kernel::ffi::c_void,
    ) -> kernel::ffi::c_int {
        // SAFETY: By the function's contract. The memory of an inode in the hash is not freed
        // before a grace period has passed.
        unsafe {
            let identity = &*identity.cast::<Self>();
            let this = &*WithData::<T>::container_of(inode);
            let same = (*inode).i_ino == identity.ino
                && this.backing.load(Acquire) & !1 == identity.backing & !1;
            same.into()
        }
    }

    /// # Safety
    ///
    /// As for [`test`](Self::test).
    pub(super) unsafe extern "C" fn set<T: FileSystem>(
        inode: *mut bindings::inode,
        identity: *mut kernel::ffi::c_void,
    ) -> kernel::ffi::c_int {
        // SAFETY: By the function's contract, under the hash lock.
        unsafe { (*identity.cast::<Self>()).store::<T>(inode) };
        0
    }
}

/// What is allocated for an inode of `T`: `T`'s data, then the inode.
#[repr(C)]
pub(super) struct WithData<T: FileSystem> {
    pub(super) data: MaybeUninit<T::INodeData>,
    /// Whether `data` is initialised. Written before the inode is published, read at its end.
    pub(super) ready: bool,
    /// The inode that a stacked inode stands for now, for walks under RCU. See
    /// [`INode::set_backing`].
    pub(super) backing: Atomic<usize>,
    pub(super) inode: bindings::inode,
}

impl<T: FileSystem> WithData<T> {
    /// # Safety
    ///
    /// `inode` must be the inode within a `WithData<T>`.
    pub(super) unsafe fn container_of(inode: *mut bindings::inode) -> *mut Self {
        // SAFETY: By the function's contract.
        unsafe { inode.byte_sub(offset_of!(Self, inode)).cast() }
    }

    /// Constructor of the inode cache's objects.
    ///
    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    pub(super) unsafe extern "C" fn init_once(object: *mut kernel::ffi::c_void) {
        let object: *mut Self = object.cast();
        // SAFETY: The cache's objects have the size and alignment of `Self`;
        // `inode_init_once()` is to be called once for each.
        unsafe { bindings::inode_init_once(&raw mut (*object).inode) };
    }

    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    pub(super) unsafe extern "C" fn alloc_inode(
        sb: *mut bindings::super_block,
    ) -> *mut bindings::inode {
        // SAFETY: `sb` is a super block of `T`, so its type is in a `Registration<T>`, whose cache
        // outlives all inodes.
        let object: *mut Self = unsafe {
            let cache = super::file_system::Registration::<T>::inode_cache((*sb).s_type);
            bindings::alloc_inode_sb(sb, cache).cast()
        };
        if object.is_null() {
            return core::ptr::null_mut();
        }
        // SAFETY: The object was just allocated and nobody else knows it. `data` may stay
        // uninitialised.
        unsafe {
            (&raw mut (*object).ready).write(false);
            (&raw mut (*object).backing).write(Atomic::new(0));
            &raw mut (*object).inode
        }
    }

    /// Drops `T`'s data: the last use of the inode in a context that may sleep.
    ///
    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    pub(super) unsafe extern "C" fn destroy_inode(inode: *mut bindings::inode) {
        // SAFETY: Installed only in tables of `T`, called once at the end of an inode's life; the
        // memory itself is left for `free_inode()`, after a grace period.
        unsafe {
            let this = Self::container_of(inode);
            if (*this).ready {
                (*this).ready = false;
                (*this).data.assume_init_drop();
            }
        }
    }

    /// Frees the memory, an RCU grace period after the end.
    ///
    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    pub(super) unsafe extern "C" fn free_inode(inode: *mut bindings::inode) {
        // SAFETY: The object came from the inode cache in `alloc_inode()`. The super block may be
        // gone by now, so the cache is left for `kfree()` to find; `Registration` waits with
        // `rcu_barrier()` before it destroys the cache.
        unsafe { bindings::kfree(Self::container_of(inode).cast()) };
    }
}
