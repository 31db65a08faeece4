// SPDX-License-Identifier: GPL-2.0-only

//! Files without a name, made by `->tmpfile()`.
//!
//! C: `->tmpfile()`. [`finish`](Tmpfile::finish) is in [`crate::vfs::inode_kinds`].

use crate::bindings;
use crate::vfs::{dentry::ChildDentry, file_system::FileSystem, open_file::UserFile};
use core::marker::PhantomData;

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
}
