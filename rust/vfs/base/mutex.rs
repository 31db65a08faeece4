// SPDX-License-Identifier: GPL-2.0-only

//! A mutex whose waiters can be killed, which the kernel crate's does not offer.
//!
//! C: `mutex_lock_killable()`, `mutex_trylock()`.

use crate::bindings;
use crate::vfs::types::TaskLocal;
use core::{
    ffi::CStr,
    marker::{PhantomData, PhantomPinned},
};
use kernel::{error::to_result, prelude::*, str::CStrExt, sync::LockClassKey, types::Opaque};

/// A mutex for long critical sections: a fatal signal ends the wait for it. Its owner defines what
/// it protects.
#[pin_data]
pub struct KillableMutex {
    #[pin]
    mutex: Opaque<bindings::mutex>,
    #[pin]
    _pin: PhantomPinned,
}

// SAFETY: A mutex is made to be used by many tasks.
unsafe impl Send for KillableMutex {}
// SAFETY: As above.
unsafe impl Sync for KillableMutex {}

impl KillableMutex {
    /// A mutex that is not held.
    pub fn new(name: &'static CStr, key: Pin<&'static LockClassKey>) -> impl PinInit<Self> {
        pin_init!(Self {
            mutex <- Opaque::ffi_init(|slot| {
                // SAFETY: The slot is valid and pinned; name and key are static.
                unsafe { bindings::mutex_init_class(slot, name.as_char_ptr(), key.as_ptr()) }
            }),
            _pin: PhantomPinned,
        })
    }

    /// Takes the mutex.
    ///
    /// # Errors
    ///
    /// `EINTR` if the task is killed while it waits.
    pub fn lock(&self) -> Result<KillableGuard<'_>> {
        // SAFETY: Initialised, by the constructor.
        to_result(unsafe { bindings::mutex_lock_killable(self.mutex.get()) })?;
        Ok(KillableGuard {
            mutex: self,
            _task: PhantomData,
        })
    }

    /// Takes the mutex if nobody has it.
    pub fn try_lock(&self) -> Option<KillableGuard<'_>> {
        // SAFETY: Initialised, by the constructor.
        let is_held = unsafe { bindings::mutex_trylock(self.mutex.get()) };
        is_held.then(|| KillableGuard {
            mutex: self,
            _task: PhantomData,
        })
    }
}

/// A [`KillableMutex`] held.
#[must_use]
pub struct KillableGuard<'a> {
    mutex: &'a KillableMutex,
    _task: TaskLocal,
}

impl Drop for KillableGuard<'_> {
    fn drop(&mut self) {
        // SAFETY: Held by this guard.
        unsafe { bindings::mutex_unlock(self.mutex.mutex.get()) };
    }
}
