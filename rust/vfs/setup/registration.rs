// SPDX-License-Identifier: GPL-2.0-only

//! Registration of a file system type.
//!
//! C: `register_filesystem()`.

use crate::bindings;
use crate::vfs::{
    fs_context::{Context, ContextTable},
    inode_cache::TypeWithCache,
    inode_lock, once,
    super_ops::{self, SuperOperations},
};
use core::marker::{PhantomData, PhantomPinned};
use kernel::{error::to_result, prelude::*};

/// A registered file system type. Dropping it unregisters the type and waits until the last inode
/// has been freed.
///
/// It must be the last thing that a module initialises, because mounts are possible from then on. A
/// module cannot be unloaded while there are mounts, because `owner` is set.
///
/// # Invariants
///
/// The type is registered.
#[pin_data(PinnedDrop)]
pub struct Registration<T: SuperOperations> {
    #[pin]
    registered: TypeWithCache,
    #[pin]
    _pin: PhantomPinned,
    _t: PhantomData<T>,
}

// SAFETY: The registration is only made and dropped; both may be done by any task.
unsafe impl<T: SuperOperations> Send for Registration<T> {}
// SAFETY: There is nothing to do with a shared reference.
unsafe impl<T: SuperOperations> Sync for Registration<T> {}

impl<T: SuperOperations> Registration<T> {
    /// Registers the type for `module`; what mounts it is a `C`.
    ///
    /// # Errors
    ///
    /// `ENOMEM`; `EBUSY` if there is a type of that name.
    pub fn new<C: Context<T>>(module: &'static ThisModule) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            registered: {
                inode_lock::init();
                once::init();
                let mut fs: bindings::file_system_type = pin_init::zeroed();
                fs.owner = module.as_ptr();
                fs.name = T::NAME.as_char_ptr();
                fs.init_fs_context = Some(ContextTable::<T, C>::init_fs_context);
                fs.kill_sb = Some(super_ops::SuperTable::<T>::kill_sb);
                fs.fs_flags = T::FLAGS as i32;
                TypeWithCache::new::<T>(fs)?
            },
            _: {
                // SAFETY: Pinned. The kernel keeps a pointer to it until it is unregistered in
                // `drop`.
                to_result(unsafe { bindings::register_filesystem(registered.fs.get()) })?
            },
            _pin: PhantomPinned,
            _t: PhantomData,
        }? Error)
    }
}

#[pinned_drop]
impl<T: SuperOperations> PinnedDrop for Registration<T> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: Registered, by the invariant. There is no mount left, for each holds the module.
        unsafe { bindings::unregister_filesystem(self.registered.fs.get()) };
        // A task may still be about to leave the module's code (`task_work::add`).
        // SAFETY: May sleep.
        unsafe { bindings::synchronize_rcu_tasks() };
    }
}
