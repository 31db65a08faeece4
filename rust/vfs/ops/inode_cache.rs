// SPDX-License-Identifier: GPL-2.0-only

//! Where inodes come from.
//!
//! C: `->alloc_inode()`, `->destroy_inode()`, `->free_inode()`.

use crate::bindings;
use crate::vfs::{callback::callbacks, file_system::FileSystem, inode_data::WithData};
use core::{marker::PhantomData, ptr::NonNull};
use kernel::{ffi::c_void, prelude::*, sync::atomic::Atomic, types::Opaque};

/// A file system type as the kernel knows it, and the cache its inodes come from: found by the
/// type, which each super block points to.
#[repr(C)]
pub(in crate::vfs) struct TypeWithCache {
    pub(in crate::vfs) fs: Opaque<bindings::file_system_type>,
    cache: InodeCache,
}

/// A cache of inodes, with no inode in it that is in use when it is dropped.
struct InodeCache(NonNull<bindings::kmem_cache>);

impl TypeWithCache {
    /// The type `fs`, with a cache of `T`'s inodes.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(in crate::vfs) fn new<T: FileSystem>(fs: bindings::file_system_type) -> Result<Self> {
        let (size, align) = const {
            let size = core::mem::size_of::<WithData<T>>();
            assert!(size <= u32::MAX as usize);
            (size as u32, core::mem::align_of::<WithData<T>>() as u32)
        };
        // SAFETY: The constructor fits the objects' size and alignment; the name is static.
        let cache = unsafe {
            bindings::inode_cache_create(
                T::INODE_CACHE.as_char_ptr(),
                size,
                align,
                Some(CacheTable::<T>::init_once),
            )
        };
        Ok(Self {
            fs: Opaque::new(fs),
            cache: InodeCache(NonNull::new(cache).ok_or(ENOMEM)?),
        })
    }
}

impl Drop for InodeCache {
    fn drop(&mut self) {
        // SAFETY: No inode is in use. They are freed by RCU: all of them must be gone before their
        // cache is.
        unsafe {
            bindings::rcu_barrier();
            bindings::kmem_cache_destroy(self.0.as_ptr());
        }
    }
}

pub(in crate::vfs) struct CacheTable<T>(PhantomData<T>);

impl<T: FileSystem> CacheTable<T> {
    callbacks! {
        /// Constructor of the cache's objects.
        fn init_once(object: *mut c_void) -> () {
            let object: *mut WithData<T> = object.cast();
            // SAFETY: The cache's objects have the size and alignment of `WithData<T>`;
            // `inode_init_once()` is to be called once for each.
            unsafe { bindings::inode_init_once(&raw mut (*object).inode) }
        }

        pub(in crate::vfs) fn alloc_inode(sb: *mut bindings::super_block) -> *mut bindings::inode {
            // SAFETY: `sb` is a super block of `T`, so its type is registered, with a cache that
            // outlives all inodes.
            let object: *mut WithData<T> = unsafe {
                let registered: *mut TypeWithCache = (*sb).s_type.cast();
                bindings::alloc_inode_sb(sb, (*registered).cache.0.as_ptr()).cast()
            };
            if object.is_null() {
                return core::ptr::null_mut();
            }
            // SAFETY: The object was just allocated and nobody else knows it. `data` may stay
            // uninitialised.
            unsafe {
                (&raw mut (*object).ready).write(false);
                (&raw mut (*object).hashed_late).write(Atomic::new(false));
                (&raw mut (*object).backing).write(Atomic::new(0));
                &raw mut (*object).inode
            }
        }

        /// Drops `T`'s data: the last use of the inode in a context that may sleep.
        pub(in crate::vfs) fn destroy_inode(inode: *mut bindings::inode) -> () {
            // SAFETY: Called once, at the end of an inode's life; the memory itself is left for
            // `free_inode()`, after a grace period.
            unsafe {
                let this = WithData::<T>::container_of(inode);
                if (*this).ready {
                    (*this).ready = false;
                    (*this).data.assume_init_drop();
                }
            }
        }

        /// Frees the memory, an RCU grace period after the end.
        pub(in crate::vfs) fn free_inode(inode: *mut bindings::inode) -> () {
            // SAFETY: The object came from the inode cache in `alloc_inode()`. The super block may
            // be gone by now, so the cache is left for `kfree()` to find; it waits for all of its
            // objects before it is destroyed.
            unsafe { bindings::kfree(WithData::<T>::container_of(inode).cast()) }
        }
    }
}
