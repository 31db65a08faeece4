// SPDX-License-Identifier: GPL-2.0-only

//! Extended attributes of our own inodes.
//!
//! C: `struct xattr_handler`.

use crate::bindings;
use crate::vfs::{
    callback::callbacks, dentry::OwnDentry, file_system::FileSystem, inode::OwnInode, mount::Idmap,
    types::cstr, xattr::Buffer,
};
use core::{ffi::CStr, marker::PhantomData};
use kernel::{
    ffi::{c_char, c_int, c_void},
    prelude::*,
};

/// A change of a value.
pub enum Change<'a> {
    /// Set it.
    Set(&'a [u8]),
    /// Remove it.
    Remove,
}

/// Extended attributes of our own inodes: one handler for all names
/// (`struct xattr_handler` with an empty prefix). POSIX ACLs do not come here.
pub trait Handler<T: FileSystem>: Send + Sync + 'static {
    /// Reads a value; returns its length.
    fn get(
        dentry: &OwnDentry<T>,
        inode: &OwnInode<T>,
        name: &CStr,
        buffer: Buffer<'_>,
    ) -> Result<usize>;

    /// Changes a value. The inode is locked exclusively. `flags`: 0, `XATTR_CREATE` or
    /// `XATTR_REPLACE`.
    fn set(
        idmap: &Idmap,
        dentry: &OwnDentry<T>,
        inode: &OwnInode<T>,
        name: &CStr,
        change: Change<'_>,
        flags: i32,
    ) -> Result;
}

/// The handlers of a super block of `T` (`s_xattr`).
#[repr(transparent)]
pub struct Handlers<T>([*const bindings::xattr_handler; 2], PhantomData<T>);

// SAFETY: Constant tables.
unsafe impl<T> Sync for Handlers<T> {}
// SAFETY: As above.
unsafe impl<T> Send for Handlers<T> {}

impl<T: FileSystem> Handlers<T> {
    /// The list with `H` alone.
    pub const fn new<H: Handler<T>>() -> &'static Self {
        const {
            &Self(
                [&XattrTable::<T, H>::HANDLER, core::ptr::null()],
                PhantomData,
            )
        }
    }

    pub(in crate::vfs) fn as_ptr(&'static self) -> *const *const bindings::xattr_handler {
        self.0.as_ptr()
    }
}

struct XattrTable<T, H>(PhantomData<(T, H)>);

impl<T: FileSystem, H: Handler<T>> XattrTable<T, H> {
    const HANDLER: bindings::xattr_handler = bindings::xattr_handler {
        prefix: kernel::str::as_char_ptr_in_const_context(c""),
        get: Some(Self::get),
        set: Some(Self::set),
        ..pin_init::zeroed()
    };

    callbacks! {
        fn get(
            _handler: *const bindings::xattr_handler,
            dentry: *mut bindings::dentry => OwnDentry::from_raw,
            inode: *mut bindings::inode => OwnInode::from_raw,
            name: *const c_char => cstr,
            buffer: *mut c_void,
            size: usize,
        ) -> c_int {
            // SAFETY: The buffer has `size` bytes or is NULL.
            let buffer = unsafe { Buffer::from_raw(buffer.cast(), size) };
            H::get(dentry, inode, name, buffer)
                .and_then(|len| c_int::try_from(len).map_err(|_| E2BIG))
        }

        /// `value`: NULL to remove it.
        fn set(
            _handler: *const bindings::xattr_handler,
            idmap: *mut bindings::mnt_idmap => Idmap::from_raw,
            dentry: *mut bindings::dentry => OwnDentry::from_raw,
            inode: *mut bindings::inode => OwnInode::from_raw,
            name: *const c_char => cstr,
            value: *const c_void,
            size: usize,
            flags: c_int,
        ) -> c_int {
            let change = if value.is_null() {
                Change::Remove
            } else {
                // SAFETY: The value has `size` bytes.
                Change::Set(unsafe { core::slice::from_raw_parts(value.cast(), size) })
            };
            H::set(idmap, dentry, inode, name, change, flags)
        }
    }
}
