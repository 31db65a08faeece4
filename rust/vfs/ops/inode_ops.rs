// SPDX-License-Identifier: GPL-2.0-only

//! Operations on inodes.
//!
//! C: `struct inode_operations`. One table per kind of inode, chosen when the inode is made; a
//! directory's operations can only go to a directory. The tables are in [`crate::vfs::inode_tables`].

use crate::bindings;
use crate::vfs::{
    acl::{Acl, AclType},
    attr::{Iattr, Kstat},
    dentry::{ChildDentry, LookupDentry, NewDentry, OwnDentry},
    file_ops::{DirFileOperations, RegFileOperations},
    file_system::FileSystem,
    fileattr::{FiemapInfo, FileKattr},
    inode::OwnInode,
    mount::Idmap,
    namei::Link,
    path::OwnPath,
    rcu::RcuInode,
    tmpfile::Tmpfile,
    xattr::Buffer,
};
use core::ffi::CStr;
use kernel::{prelude::*, sync::aref::ARef};

/// Which time is to be updated.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum UpdateTime {
    /// The access time, after a read.
    Access,
    /// Modification and change time, after a write.
    Modification,
}

/// Operations all kinds of inodes have.
pub trait Attributes<T: FileSystem> {
    /// `->getattr()`.
    fn getattr(
        idmap: &Idmap,
        path: OwnPath<'_, T>,
        stat: &mut Kstat,
        mask: u32,
        flags: u32,
    ) -> Result;

    /// `->setattr()`. The inode is locked exclusively.
    fn setattr(idmap: &Idmap, dentry: &OwnDentry<T>, attr: &mut Iattr) -> Result;

    /// `->listxattr()`; returns the length of the list.
    fn listxattr(dentry: &OwnDentry<T>, buffer: Buffer<'_>) -> Result<usize>;

    /// `->update_time()`. `nowait`: fail with `EAGAIN` rather than sleep.
    fn update_time(inode: &OwnInode<T>, which: UpdateTime, nowait: bool) -> Result;
}

/// Operations of all kinds but symbolic links.
pub trait Permissions<T: FileSystem>: Attributes<T> {
    /// `->permission()`. `mask`: `MAY_*`.
    fn permission(idmap: &Idmap, inode: &OwnInode<T>, mask: u32) -> Result;

    /// `->permission()` in a walk under RCU. `ECHILD` has the walk begin anew without.
    fn permission_rcu(_idmap: &Idmap, _inode: RcuInode<'_, T>, _mask: u32) -> Result {
        Err(ECHILD)
    }

    /// `->get_inode_acl()`, for permission checks, but not under RCU.
    fn get_inode_acl(inode: &OwnInode<T>, ty: AclType) -> Result<Option<Acl>>;

    /// `->get_acl()`, for userspace.
    fn get_acl(idmap: &Idmap, dentry: &OwnDentry<T>, ty: AclType) -> Result<Option<Acl>>;

    /// `->set_acl()`. The inode is locked exclusively.
    fn set_acl(idmap: &Idmap, dentry: &OwnDentry<T>, acl: Option<&Acl>, ty: AclType) -> Result;
}

/// `chattr(1)`'s flags, of directories and regular files.
pub trait FileAttributes<T: FileSystem> {
    /// `->fileattr_get()`.
    fn fileattr_get(dentry: &OwnDentry<T>, fa: &mut FileKattr) -> Result;

    /// `->fileattr_set()`. The inode is locked exclusively.
    fn fileattr_set(idmap: &Idmap, dentry: &OwnDentry<T>, fa: &mut FileKattr) -> Result;
}

/// What `->rename()` is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum RenameRequest {
    /// Replace what is there.
    Replace,
    /// Nothing may be there; the VFS has checked it.
    NoReplace,
    /// Exchange the two.
    Exchange,
    /// Leave a whiteout at the old name.
    Whiteout,
}

impl RenameRequest {
    pub(in crate::vfs) fn from_raw(flags: u32) -> Result<Self> {
        const WHITEOUT_NOREPLACE: u32 = bindings::RENAME_WHITEOUT | bindings::RENAME_NOREPLACE;
        match flags {
            0 => Ok(Self::Replace),
            bindings::RENAME_NOREPLACE => Ok(Self::NoReplace),
            bindings::RENAME_EXCHANGE => Ok(Self::Exchange),
            bindings::RENAME_WHITEOUT | WHITEOUT_NOREPLACE => Ok(Self::Whiteout),
            _ => Err(EINVAL),
        }
    }
}

/// Operations of a directory. All that modify it run with it locked exclusively.
pub trait DirOperations<T: FileSystem>: Permissions<T> + FileAttributes<T> {
    /// Operations on an open directory.
    type File: DirFileOperations<T>;

    /// `->lookup()`. The directory is locked at least shared. `flags`: `LOOKUP_*`.
    fn lookup(
        dir: &OwnInode<T>,
        dentry: LookupDentry<'_, T>,
        flags: u32,
    ) -> Result<Option<ARef<OwnDentry<T>>>>;

    /// `->create()`. `excl`: fail if the name is there (`O_EXCL`); always set since 7.3.
    fn create(
        idmap: &Idmap,
        dir: &OwnInode<T>,
        dentry: NewDentry<'_, T>,
        mode: u16,
        excl: bool,
    ) -> Result;

    /// `->link()`.
    fn link(old: &OwnDentry<T>, dir: &OwnInode<T>, new: NewDentry<'_, T>) -> Result;

    /// `->unlink()`. The victim's inode is locked too.
    fn unlink(dir: &OwnInode<T>, dentry: ChildDentry<'_, T>) -> Result;

    /// `->symlink()`.
    fn symlink(idmap: &Idmap, dir: &OwnInode<T>, dentry: NewDentry<'_, T>, target: &CStr)
        -> Result;

    /// `->mkdir()`, which makes the given dentry positive.
    fn mkdir(idmap: &Idmap, dir: &OwnInode<T>, dentry: NewDentry<'_, T>, mode: u16) -> Result;

    /// `->rmdir()`. The victim's inode is locked too.
    fn rmdir(dir: &OwnInode<T>, dentry: ChildDentry<'_, T>) -> Result;

    /// `->mknod()`.
    fn mknod(
        idmap: &Idmap,
        dir: &OwnInode<T>,
        dentry: NewDentry<'_, T>,
        mode: u16,
        rdev: u32,
    ) -> Result;

    /// `->rename()`. Both directories and the inodes concerned are locked.
    fn rename(
        idmap: &Idmap,
        old_dir: &OwnInode<T>,
        old: ChildDentry<'_, T>,
        new_dir: &OwnInode<T>,
        new: ChildDentry<'_, T>,
        request: RenameRequest,
    ) -> Result;

    /// `->tmpfile()`: makes an unnamed regular file and opens it; see [`Tmpfile`]. The directory
    /// is not locked.
    fn tmpfile(idmap: &Idmap, dir: &OwnInode<T>, file: Tmpfile<'_, T>, mode: u16) -> Result;
}

/// Operations of a symbolic link.
pub trait SymlinkOperations<T: FileSystem>: Attributes<T> {
    /// `->get_link()`, not called under RCU.
    fn get_link(dentry: &OwnDentry<T>, inode: &OwnInode<T>) -> Result<Link>;
}

/// Operations of a device, FIFO or socket: only permissions.
pub trait SpecialOperations<T: FileSystem>: Permissions<T> {}

/// Operations of a regular file.
pub trait RegOperations<T: FileSystem>: Permissions<T> + FileAttributes<T> {
    /// Operations on an open file.
    type File: RegFileOperations<T>;

    /// `->fiemap()`.
    fn fiemap(inode: &OwnInode<T>, info: &FiemapInfo, start: u64, len: u64) -> Result;
}
