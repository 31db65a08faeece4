// SPDX-License-Identifier: GPL-2.0-only

//! Files without a name, made by `->tmpfile()`.
//!
//! C: `d_mark_tmpfile()`, `finish_open()`.

use crate::bindings;
use crate::vfs::{
    dentry::ChildDentry,
    file_ops::{self, RegFileOperations},
    file_system::FileSystem,
    inode::OwnInode,
    open_file::UserFile,
};
use core::marker::PhantomData;
use kernel::{error::to_result, prelude::*, sync::aref::ARef, types::ForeignOwnable};

/// The file of `->tmpfile()`: open in the end, with an inode and with data of its own.
pub struct Tmpfile<'a, T: FileSystem> {
    file: *mut bindings::file,
    _p: PhantomData<&'a T>,
}

impl<T: FileSystem> Tmpfile<'_, T> {
    /// # Safety
    ///
    /// `file` must be the argument of a `->tmpfile()` in progress.
    pub(in crate::vfs) unsafe fn from_raw(file: *mut bindings::file) -> Self {
        Self {
            file,
            _p: PhantomData,
        }
    }

    /// The dentry, negative until [`finish`](Self::finish).
    pub fn dentry(&self) -> ChildDentry<'_, T> {
        // SAFETY: The VFS has set the path of the file. Nobody else knows the dentry, so name and
        // parent are stable.
        unsafe { ChildDentry::from_raw((*bindings::file_path(self.file)).dentry) }
    }

    /// The file, which is being opened.
    pub fn as_file(&self) -> &UserFile<T> {
        // SAFETY: Alive for the call.
        unsafe { UserFile::from_raw(self.file) }
    }

    /// Gives the file its inode and its data and completes the open.
    ///
    /// C: `d_mark_tmpfile()`, `d_instantiate()`, `finish_open_simple()`. `->open()` of `F` is not
    /// called.
    pub fn finish<F: RegFileOperations<T>>(
        self,
        inode: ARef<OwnInode<T>>,
        data: Pin<KBox<F::Data>>,
    ) -> Result {
        // SAFETY: The file is new and this call's. The order is that of the C callers; `release`
        // of `F` frees the data, also if the open fails after this.
        unsafe {
            let dentry = (*bindings::file_path(self.file)).dentry;
            bindings::d_mark_tmpfile(self.file, inode.as_ptr());
            bindings::d_instantiate(dentry, ARef::into_raw(inode).as_ptr().cast());
            (*self.file).private_data = data.into_foreign();
            bindings::file_set_can_odirect(self.file);
            let ret = to_result(bindings::finish_open(
                self.file,
                dentry,
                Some(file_ops::no_open),
            ));
            if !bindings::file_is_opened(self.file) {
                // Nobody will call `release`.
                let data = (*self.file).private_data;
                (*self.file).private_data = core::ptr::null_mut();
                drop(Pin::<KBox<F::Data>>::from_foreign(data));
            }
            ret
        }
    }
}
