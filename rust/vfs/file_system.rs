// SPDX-License-Identifier: GPL-2.0-only

//! File system types and their registration.
//!
//! C: `struct file_system_type`, `register_filesystem()`.

use super::{fs_context, inode_data::WithData, inode_lock, once, super_block};
use crate::bindings;
use core::{ffi::CStr, marker::PhantomPinned, mem::offset_of, ptr::NonNull};
use kernel::{error::to_result, prelude::*, types::Opaque};

/// `FS_*` flags.
pub mod flags {
    pub use crate::bindings::FS_USERNS_MOUNT;
}

/// A file system type.
pub trait FileSystem: super_block::SuperOperations + Sized + Send + Sync + 'static {
    /// The name, as in `/proc/filesystems`.
    const NAME: &'static CStr;

    /// `FS_*` flags, without `FS_ALLOW_IDMAP`, which this layer does not support.
    const FLAGS: u32;

    /// `SB_*` flags that mean nothing to the file system: whoever asks for them gets the mount, but
    /// neither the super block nor `/proc/mounts` says that it has them.
    const OTHERS_FLAGS: u32 = 0;

    /// The name of the inode cache, as in `/proc/slabinfo`.
    const INODE_CACHE: &'static CStr;

    /// What each inode carries. Dropped when the inode is destroyed, in a context that may sleep.
    type INodeData: Send + Sync + 'static;

    /// The context of a mount or remount in the making.
    type Context: fs_context::Context<Self>;
}

/// A registered file system type. Dropping it unregisters the type and waits until the last inode
/// has been freed.
///
/// Make it the last thing a module initialises: from then on anybody can mount. A module cannot be
/// unloaded while there are mounts, for `owner` is set.
///
/// # Invariants
///
/// `cache` is valid, and `fs` is registered.
#[pin_data(PinnedDrop)]
pub struct Registration<T: FileSystem> {
    #[pin]
    fs: Opaque<bindings::file_system_type>,
    cache: NonNull<bindings::kmem_cache>,
    #[pin]
    _pin: PhantomPinned,
    _t: core::marker::PhantomData<T>,
}

// SAFETY: The registration is only made and dropped; both may be done by any task.
unsafe impl<T: FileSystem> Send for Registration<T> {}
// SAFETY: There is nothing to do with a shared reference.
unsafe impl<T: FileSystem> Sync for Registration<T> {}

impl<T: FileSystem> Registration<T> {
    /// Registers the type for `module`.
    ///
    /// # Errors
    ///
    /// `ENOMEM`; `EBUSY` if there is a type of that name.
    pub fn new(module: &'static ThisModule) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            cache: {
                inode_lock::init();
                once::init();
                // SAFETY: The constructor fits the objects' size; the name is static.
                let cache = unsafe {
                    bindings::inode_cache_create(
                        T::INODE_CACHE.as_char_ptr(),
                        u32::try_from(core::mem::size_of::<WithData<T>>()).map_err(|_| EINVAL)?,
                        Some(WithData::<T>::init_once),
                    )
                };
                NonNull::new(cache).ok_or(ENOMEM)?
            },
            fs <- Opaque::try_ffi_init(|slot: *mut bindings::file_system_type| {
                let mut fs: bindings::file_system_type = pin_init::zeroed();
                fs.owner = module.as_ptr();
                fs.name = T::NAME.as_char_ptr();
                fs.init_fs_context = Some(fs_context::init_fs_context::<T>);
                fs.kill_sb = Some(super_block::kill_sb::<T>);
                fs.fs_flags = T::FLAGS as i32;
                // SAFETY: The slot is valid and pinned. `register_filesystem()` keeps a pointer
                // to it until it is unregistered in `drop`.
                let ret = to_result(unsafe {
                    slot.write(fs);
                    bindings::register_filesystem(slot)
                });
                if ret.is_err() {
                    // SAFETY: Nobody else knows the cache yet, and no object was allocated.
                    unsafe { bindings::kmem_cache_destroy(cache.as_ptr()) };
                }
                ret
            }),
            _pin: PhantomPinned,
            _t: core::marker::PhantomData,
        }? Error)
    }

    /// The inode cache of a type that is registered.
    ///
    /// # Safety
    ///
    /// `fs` must be the `fs` of a `Registration<T>`: the `s_type` of a super block of `T` is.
    pub(super) unsafe fn inode_cache(
        fs: *mut bindings::file_system_type,
    ) -> *mut bindings::kmem_cache {
        // SAFETY: By the function's contract; `Opaque` is transparent.
        unsafe {
            let this: *mut Self = fs.byte_sub(offset_of!(Self, fs)).cast();
            (*this).cache.as_ptr()
        }
    }
}

#[pinned_drop]
impl<T: FileSystem> PinnedDrop for Registration<T> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: Registered, by the invariant. There is no mount left, for each holds the module.
        // Inodes are freed by RCU: all of them must be gone before their cache is.
        unsafe {
            bindings::unregister_filesystem(self.fs.get());
            bindings::rcu_barrier();
            bindings::kmem_cache_destroy(self.cache.as_ptr());
        }
    }
}
