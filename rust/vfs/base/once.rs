// SPDX-License-Identifier: GPL-2.0-only

//! Values that are made when they are first needed, by whoever needs them first.

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

/// The value of `once`: `value`, or that of another task that was quicker; then `value` is dropped.
///
/// [`SetOnce::populate`] alone does not do it: it refuses a value while another one is on its way
/// in, and is not there yet. So only one task at a time puts something in, and holds the lock for
/// a few instructions. It is always there in the end, `None` is for the type alone.
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
