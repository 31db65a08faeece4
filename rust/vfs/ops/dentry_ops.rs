// SPDX-License-Identifier: GPL-2.0-only

//! Operations on dentries.
//!
//! C: `struct dentry_operations`.

use crate::bindings;
use crate::vfs::{
    callback::callbacks,
    dentry::{Dentry, OwnDentry},
    file_system::FileSystem,
};
use core::marker::PhantomData;
use kernel::{
    ffi::{c_int, c_uint},
    prelude::*,
};

/// Operations on dentries.
pub trait DentryOperations<T: FileSystem>: 'static {
    /// `->d_revalidate()`, but not under RCU. `flags`: `LOOKUP_*`.
    fn d_revalidate(dentry: &OwnDentry<T>, flags: u32) -> Result<bool>;

    /// `->d_weak_revalidate()`.
    fn d_weak_revalidate(dentry: &OwnDentry<T>, flags: u32) -> Result<bool>;

    /// `->d_real()`: the dentry behind a stacked regular file whose data (or, with `data` false,
    /// whose metadata) are asked for. It is held by the stacked inode.
    fn d_real(dentry: &OwnDentry<T>, data: bool) -> Option<&Dentry>;
}

pub(in crate::vfs) fn dentry_table<T: FileSystem, D: DentryOperations<T>>(
    revalidate: bool,
) -> *const bindings::dentry_operations {
    if revalidate {
        &DentryTable::<T, D>::REVALIDATE
    } else {
        &DentryTable::<T, D>::PLAIN
    }
}

struct DentryTable<T, D>(PhantomData<(T, D)>);

impl<T: FileSystem, D: DentryOperations<T>> DentryTable<T, D> {
    const PLAIN: bindings::dentry_operations = bindings::dentry_operations {
        d_real: Some(Self::d_real),
        ..pin_init::zeroed()
    };
    const REVALIDATE: bindings::dentry_operations = bindings::dentry_operations {
        d_real: Some(Self::d_real),
        d_revalidate: Some(Self::d_revalidate),
        d_weak_revalidate: Some(Self::d_weak_revalidate),
        ..pin_init::zeroed()
    };

    callbacks! {
        fn d_real(
            dentry: *mut bindings::dentry,
            ty: bindings::d_real_type,
        ) -> *mut bindings::dentry {
            // SAFETY: The dentry is alive, and of `T`.
            let own = unsafe { OwnDentry::<T>::from_raw(dentry) };
            match D::d_real(own, ty == bindings::d_real_type_D_REAL_DATA) {
                // SAFETY: The real dentry is held by the stacked inode; it may be stacked itself.
                Some(real) => unsafe { bindings::d_real(real.as_ptr(), ty) },
                None => dentry,
            }
        }

        fn d_revalidate(
            _dir: *mut bindings::inode,
            _name: *const bindings::qstr,
            dentry: *mut bindings::dentry,
            flags: c_uint,
        ) -> c_int {
            if flags & bindings::LOOKUP_RCU != 0 {
                // Nobody holds the dentry.
                Err(ECHILD)
            } else {
                // SAFETY: The caller holds the dentry, which is of `T`.
                D::d_revalidate(unsafe { OwnDentry::from_raw(dentry) }, flags)
            }
        }

        fn d_weak_revalidate(
            dentry: *mut bindings::dentry => OwnDentry::from_raw,
            flags: c_uint,
        ) -> c_int {
            D::d_weak_revalidate(dentry, flags)
        }
    }
}
