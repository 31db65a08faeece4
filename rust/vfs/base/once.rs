// SPDX-License-Identifier: GPL-2.0-only

//! Values that are created at first use.

use kernel::{
    prelude::*,
    sync::{
        atomic::{Atomic, Relaxed},
        SetOnce,
    },
};

kernel::sync::global_lock! {
    // SAFETY: `init()` is called before a file system is registered, and so before anything is put.
    unsafe(uninit) static PUTTING: Mutex<()> = ();
}

/// Makes the lock; to be called before a file system type is registered, once or more.
pub(in crate::vfs) fn init() {
    static DONE: Atomic<bool> = Atomic::new(false);
    if !DONE.xchg(true, Relaxed) {
        // SAFETY: Called once, before first use: types are registered by the initialiser of the
        // module, one after the other.
        unsafe { PUTTING.init() };
    }
}

/// The value of `once`: `value`, or that of a faster task; the loser's value is dropped.
///
/// [`SetOnce::populate`] is not enough: it refuses a value while another one is being stored but is
/// not readable yet. Only one task at a time stores a value, under a lock held for a few
/// instructions. The result is always `Some`; the option is only for the type.
pub fn get_or_put<T>(once: &SetOnce<T>, value: T) -> Option<&T> {
    let putting = PUTTING.lock();
    let refused = match once.as_ref() {
        Some(_) => Some(value),
        None => {
            once.populate(value);
            None
        }
    };
    drop(putting);
    // It may sleep, or want the lock.
    drop(refused);
    once.as_ref()
}
