// SPDX-License-Identifier: GPL-2.0-only

//! A name in an open directory of our own, held while a call that is no operation on names changes
//! what is there.
//!
//! C: `mnt_want_write_file()`, `start_creating()` ... `end_creating()`.

use crate::bindings;
use crate::vfs::{
    dentry::OwnDentry, file_system::FileSystem, open_file::OpenFile, path::OwnPath, types::Name,
    write::WriteAccess,
};
use kernel::{
    error::{from_err_ptr, to_result},
    prelude::*,
};

/// The name, with its directory locked, and write access to the mount that the directory was opened
/// through. To be taken where the VFS holds no lock, as in an ioctl.
///
/// # Invariants
///
/// `dentry` is what `start_creating()` returned.
pub struct HeldName<'a, T: FileSystem> {
    dentry: &'a OwnDentry<T>,
    dir: OwnPath<'a, T>,
    // Given back when the name is.
    _write: WriteAccess<'a>,
}

impl<'a, T: FileSystem> HeldName<'a, T> {
    /// `mnt_want_write_file()`, then `start_creating()`: the caller may search the directory.
    ///
    /// # Errors
    ///
    /// Those of both; `ENOTDIR`.
    pub fn start<D>(file: &'a OpenFile<T, D>, name: Name<'_>) -> Result<Self> {
        let dir = file.path();
        let write = file.want_write()?;
        let idmap = dir.mnt().idmap().as_ptr();
        // A directory of ours is searchable.
        if !file.inode().is_dir() {
            return Err(ENOTDIR);
        }
        // SAFETY: All are valid.
        let dentry = from_err_ptr(unsafe {
            bindings::start_creating(idmap, dir.dentry().as_ptr(), &mut name.qstr())
        })?;
        // INVARIANT: Just returned.
        Ok(Self {
            // SAFETY: Of the directory's file system, and referenced until `end_creating()`.
            dentry: unsafe { OwnDentry::from_raw(dentry) },
            dir,
            _write: write,
        })
    }

    /// The dentry, which may be negative.
    pub fn dentry(&self) -> &OwnDentry<T> {
        self.dentry
    }

    fn dir_inode(&self) -> *mut bindings::inode {
        // SAFETY: An open directory is positive.
        unsafe { bindings::d_inode(self.dir.dentry().as_ptr()) }
    }

    /// Asks the security modules whether the caller may make an object of this type and mode under
    /// the name. The kernel lets modules ask the hooks of files and directories alone; other types
    /// are asked for as files.
    ///
    /// # Errors
    ///
    /// Those of the modules, `EACCES` mostly.
    pub fn may_make(&self, mode: u16, rdev: u32) -> Result {
        let dentry = self.dentry.as_ptr();
        // SAFETY: All are alive; the directory is locked, so the name of the dentry is stable.
        unsafe {
            to_result(bindings::security_path_make(
                &self.dir.raw(),
                dentry,
                mode,
                rdev,
            ))?;
            to_result(bindings::security_inode_make(
                self.dir_inode(),
                dentry,
                mode,
            ))
        }
    }

    /// Notifies watchers of the directory that an object exists under the name
    /// (`fsnotify_create()`, `fsnotify_mkdir()`).
    pub fn notify(&self, is_dir: bool) {
        let dentry = self.dentry.as_ptr();
        // SAFETY: All are alive; the directory is locked, so the name of the dentry is stable.
        unsafe {
            match is_dir {
                true => bindings::fsnotify_mkdir(self.dir_inode(), dentry),
                false => bindings::fsnotify_create(self.dir_inode(), dentry),
            }
        }
    }
}

impl<T: FileSystem> Drop for HeldName<'_, T> {
    fn drop(&mut self) {
        // SAFETY: Pairs with `start_creating()`.
        unsafe { bindings::end_creating(self.dentry.as_ptr()) };
    }
}
