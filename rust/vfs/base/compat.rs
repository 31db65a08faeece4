// SPDX-License-Identifier: GPL-2.0-only

//! Differences between the supported kernels, 7.2 and 7.3.
//!
//! Versions are not compared: code that fits both is preferred; if types differ, the type of the
//! kernel's own field selects the implementation. Differences of C functions are settled in
//! `rust/helpers/` instead.

use crate::bindings;
use core::mem::MaybeUninit;
use kernel::{ffi::c_int, prelude::*};
use pin_init::InPlaceWrite;

/// Initialises `slot` with `init`.
///
/// The method of `PinInit` that does this has another name since 7.3, where `raw_try_init()` is
/// there for callers; `InPlaceWrite` is public in both.
///
/// # Errors
///
/// Those of `init`; the slot is uninitialised then.
///
/// # Safety
///
/// `slot` must be valid for writes, with nobody else using it during the call, and its value is not
/// to be moved until it is dropped.
pub(in crate::vfs) unsafe fn raw_try_init<T: 'static>(
    slot: *mut MaybeUninit<T>,
    init: impl PinInit<T, Error>,
) -> Result {
    // SAFETY: Valid and exclusive by the function's contract. `InPlaceWrite` asks for `'static` so
    // that the value stays where it is, which the caller promises; no reference outlives the call.
    let slot: &'static mut MaybeUninit<T> = unsafe { &mut *slot };
    slot.write_pin_init(init).map(|_| ())
}

/// `->create()` with all arguments it has or had.
pub(in crate::vfs) trait Create {
    /// `excl`: the caller said `O_EXCL`.
    ///
    /// # Safety
    ///
    /// To be called by the kernel alone, as `->create()`.
    unsafe extern "C" fn create(
        idmap: *mut bindings::mnt_idmap,
        dir: *mut bindings::inode,
        dentry: *mut bindings::dentry,
        mode: bindings::umode_t,
        excl: bool,
    ) -> c_int;
}

/// `->create()` with the arguments of the kernel's table: the implementer is the type of the field.
pub(in crate::vfs) trait CreateFn<C> {
    /// The function to be put in the table.
    const CREATE: Self;
}

/// Until 7.2.
impl<C: Create> CreateFn<C>
    for unsafe extern "C" fn(
        *mut bindings::mnt_idmap,
        *mut bindings::inode,
        *mut bindings::dentry,
        bindings::umode_t,
        bool,
    ) -> c_int
{
    const CREATE: Self = C::create;
}

/// Since 7.3: as if `excl` were always set.
impl<C: Create> CreateFn<C>
    for unsafe extern "C" fn(
        *mut bindings::mnt_idmap,
        *mut bindings::inode,
        *mut bindings::dentry,
        bindings::umode_t,
    ) -> c_int
{
    const CREATE: Self = create_exclusive::<C>;
}

/// # Safety
///
/// To be called by the kernel alone, as `->create()`.
unsafe extern "C" fn create_exclusive<C: Create>(
    idmap: *mut bindings::mnt_idmap,
    dir: *mut bindings::inode,
    dentry: *mut bindings::dentry,
    mode: bindings::umode_t,
) -> c_int {
    // SAFETY: The kernel's promises are passed on.
    unsafe { C::create(idmap, dir, dentry, mode, true) }
}
