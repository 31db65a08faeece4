// SPDX-License-Identifier: GPL-2.0-only

//! Which operations the inodes of a file system have: one implementation for each kind of inode. So
//! the type of an inode tells what its tables expect.
//!
//! C: `i_op`, `i_fop`; `d_mark_tmpfile()`, `finish_open()`.

use crate::bindings;
use crate::vfs::{
    file_ops::{self, RegFileOperations},
    file_system::FileSystem,
    inode::OwnInode,
    inode_data::Backing,
    inode_ops::{DirOperations, RegOperations, SpecialOperations, SymlinkOperations},
    inode_tables::KindTables,
    tmpfile::Tmpfile,
};
use kernel::{error::to_result, prelude::*, sync::aref::ARef, types::ForeignOwnable};

/// A file system with inodes.
pub trait InodeKinds: FileSystem {
    /// Operations of directories.
    type Dir: DirOperations<Self>;
    /// Operations of regular files.
    type Regular: RegOperations<Self>;
    /// Operations of symbolic links.
    type Symlink: SymlinkOperations<Self>;
    /// Operations of devices, FIFOs and sockets.
    type Special: SpecialOperations<Self>;

    /// For a stacked file system: the inode behind the one with this data, and whether changes go to
    /// it. Walks under RCU use it until a grace period after the data's end; that it lives as long as
    /// the data its lifetime says.
    fn backing(data: &Self::InodeData) -> Option<Backing<'_>>;
}

/// What the open regular files of a file system carry.
pub type FileData<T> =
    <<<T as InodeKinds>::Regular as RegOperations<T>>::File as RegFileOperations<T>>::Data;

/// The tables of an inode of this mode.
///
/// # Errors
///
/// `EIO` for a type that there is not.
pub(in crate::vfs) fn tables<T: InodeKinds>(mode: u16) -> Result<KindTables> {
    match u32::from(mode) & bindings::S_IFMT {
        bindings::S_IFDIR => Ok(KindTables::dir::<T, T::Dir>()),
        bindings::S_IFREG => Ok(KindTables::regular::<T, T::Regular>()),
        bindings::S_IFLNK => Ok(KindTables::symlink::<T, T::Symlink>()),
        bindings::S_IFCHR | bindings::S_IFBLK | bindings::S_IFIFO | bindings::S_IFSOCK => {
            Ok(KindTables::special::<T, T::Special>())
        }
        _ => Err(EIO),
    }
}

impl<T: InodeKinds> Tmpfile<'_, T> {
    /// Gives the file its inode and its data and completes the open.
    ///
    /// C: `d_mark_tmpfile()`, `d_instantiate()`, `finish_open_simple()`. `->open()` is not called.
    ///
    /// # Errors
    ///
    /// `EINVAL` for an inode that is no regular file's; those of the open.
    pub fn finish(self, inode: ARef<OwnInode<T>>, data: Pin<KBox<FileData<T>>>) -> Result {
        if !inode.is_reg() {
            return Err(EINVAL);
        }
        let file = self.as_file().as_ptr();
        // SAFETY: The file is new and this call's. The order is that of the C callers; `release` in
        // the tables of `T`'s regular files frees the data, also if the open fails after this.
        unsafe {
            let dentry = (*bindings::file_path(file)).dentry;
            bindings::d_mark_tmpfile(file, inode.as_ptr());
            bindings::d_instantiate(dentry, ARef::into_raw(inode).as_ptr().cast());
            (*file).private_data = data.into_foreign();
            bindings::file_set_can_odirect(file);
            let ret = to_result(bindings::finish_open(file, dentry, Some(file_ops::no_open)));
            if !bindings::file_is_opened(file) {
                // Nobody will call `release`.
                let data = (*file).private_data;
                (*file).private_data = core::ptr::null_mut();
                drop(Pin::<KBox<FileData<T>>>::from_foreign(data));
            }
            ret
        }
    }
}
