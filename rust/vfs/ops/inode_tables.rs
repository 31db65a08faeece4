// SPDX-License-Identifier: GPL-2.0-only

//! The tables of inode operations: each callback converts its arguments, calls the trait's method,
//! and converts the result.
//!
//! C: `struct inode_operations`.

use crate::bindings;
use crate::vfs::{
    acl::{Acl, AclType},
    attr::{Iattr, Kstat},
    callback::{callbacks, lent},
    compat,
    dentry::{ChildDentry, LookupDentry, NewDentry, OwnDentry},
    file_ops,
    file_system::FileSystem,
    fileattr::{FiemapInfo, FileKattr},
    inode::OwnInode,
    inode_ops::{
        Attributes, DirOperations, FileAttributes, Permissions, RegOperations, RenameRequest,
        SpecialOperations, SymlinkOperations, UpdateTime,
    },
    mount::Idmap,
    path::OwnPath,
    rcu::RcuInode,
    tmpfile::Tmpfile,
    types::cstr,
    xattr::Buffer,
};
use core::{marker::PhantomData, ptr::NonNull};
use kernel::{
    ffi::{c_char, c_int, c_uint},
    prelude::*,
    sync::aref::ARef,
};

/// The tables of one kind of inode.
pub(in crate::vfs) struct KindTables {
    iops: &'static bindings::inode_operations,
    fops: Fops,
}

/// Where the file operations come from.
enum Fops {
    Table(&'static bindings::file_operations),
    /// The VFS: `init_special_inode()`.
    Special,
    None,
}

impl KindTables {
    pub(in crate::vfs) const fn dir<T: FileSystem, O: DirOperations<T>>() -> Self {
        Self {
            iops: &InodeTable::<T, O>::DIR,
            fops: Fops::Table(&file_ops::DirTable::<T, O::File>::OPS),
        }
    }

    pub(in crate::vfs) const fn regular<T: FileSystem, O: RegOperations<T>>() -> Self {
        Self {
            iops: &InodeTable::<T, O>::REGULAR,
            fops: Fops::Table(&file_ops::RegTable::<T, O::File>::OPS),
        }
    }

    pub(in crate::vfs) const fn symlink<T: FileSystem, O: SymlinkOperations<T>>() -> Self {
        Self {
            iops: &InodeTable::<T, O>::SYMLINK,
            fops: Fops::None,
        }
    }

    pub(in crate::vfs) const fn special<T: FileSystem, O: SpecialOperations<T>>() -> Self {
        Self {
            iops: &InodeTable::<T, O>::SPECIAL,
            fops: Fops::Special,
        }
    }

    /// # Safety
    ///
    /// `inode` must be new and unpublished, of the type that the tables are for, and have its number
    /// if it is a device.
    pub(in crate::vfs) unsafe fn install(&self, inode: *mut bindings::inode) {
        // SAFETY: By the function's contract.
        unsafe {
            (*inode).i_op = self.iops;
            match self.fops {
                Fops::Table(fops) => bindings::inode_set_fops(inode, fops),
                Fops::Special => {
                    bindings::init_special_inode(inode, (*inode).i_mode, (*inode).i_rdev)
                }
                Fops::None => {}
            }
        }
    }
}

struct InodeTable<T, O>(PhantomData<(T, O)>);

impl<T: FileSystem, O: DirOperations<T>> InodeTable<T, O> {
    const DIR: bindings::inode_operations = bindings::inode_operations {
        lookup: Some(Self::lookup),
        create: Some(compat::CreateFn::<Self>::CREATE),
        link: Some(Self::link),
        unlink: Some(Self::unlink),
        symlink: Some(Self::symlink),
        mkdir: Some(Self::mkdir),
        rmdir: Some(Self::rmdir),
        mknod: Some(Self::mknod),
        rename: Some(Self::rename),
        tmpfile: Some(Self::tmpfile),
        fileattr_get: Some(Self::fileattr_get),
        fileattr_set: Some(Self::fileattr_set),
        ..Self::PERMISSIONS
    };

    callbacks! {
        fn lookup(
            dir: *mut bindings::inode => OwnInode::from_raw,
            dentry: *mut bindings::dentry => LookupDentry::from_raw,
            flags: c_uint,
        ) -> *mut bindings::dentry {
            O::lookup(dir, dentry, flags).map(|other| {
                other.map_or(core::ptr::null_mut(), |other| ARef::into_raw(other).as_ptr().cast())
            })
        }

        fn link(
            old: *mut bindings::dentry => OwnDentry::from_raw,
            dir: *mut bindings::inode => OwnInode::from_raw,
            new: *mut bindings::dentry => NewDentry::from_raw,
        ) -> c_int {
            O::link(old, dir, new)
        }

        fn unlink(
            dir: *mut bindings::inode => OwnInode::from_raw,
            dentry: *mut bindings::dentry => ChildDentry::from_raw,
        ) -> c_int {
            O::unlink(dir, dentry)
        }

        fn symlink(
            idmap: *mut bindings::mnt_idmap => Idmap::from_raw,
            dir: *mut bindings::inode => OwnInode::from_raw,
            dentry: *mut bindings::dentry => NewDentry::from_raw,
            target: *const c_char => cstr,
        ) -> c_int {
            O::symlink(idmap, dir, dentry, target)
        }

        fn mkdir(
            idmap: *mut bindings::mnt_idmap => Idmap::from_raw,
            dir: *mut bindings::inode => OwnInode::from_raw,
            dentry: *mut bindings::dentry => NewDentry::from_raw,
            mode: bindings::umode_t,
        ) -> *mut bindings::dentry {
            O::mkdir(idmap, dir, dentry, mode).map(|()| core::ptr::null_mut())
        }

        fn rmdir(
            dir: *mut bindings::inode => OwnInode::from_raw,
            dentry: *mut bindings::dentry => ChildDentry::from_raw,
        ) -> c_int {
            O::rmdir(dir, dentry)
        }

        fn mknod(
            idmap: *mut bindings::mnt_idmap => Idmap::from_raw,
            dir: *mut bindings::inode => OwnInode::from_raw,
            dentry: *mut bindings::dentry => NewDentry::from_raw,
            mode: bindings::umode_t,
            rdev: bindings::dev_t,
        ) -> c_int {
            O::mknod(idmap, dir, dentry, mode, rdev)
        }

        fn rename(
            idmap: *mut bindings::mnt_idmap => Idmap::from_raw,
            old_dir: *mut bindings::inode => OwnInode::from_raw,
            old: *mut bindings::dentry => ChildDentry::from_raw,
            new_dir: *mut bindings::inode => OwnInode::from_raw,
            new: *mut bindings::dentry => ChildDentry::from_raw,
            flags: c_uint,
        ) -> c_int {
            RenameRequest::from_raw(flags)
                .and_then(|request| O::rename(idmap, old_dir, old, new_dir, new, request))
        }

        fn tmpfile(
            idmap: *mut bindings::mnt_idmap => Idmap::from_raw,
            dir: *mut bindings::inode => OwnInode::from_raw,
            file: *mut bindings::file => Tmpfile::from_raw,
            mode: bindings::umode_t,
        ) -> c_int {
            O::tmpfile(idmap, dir, file, mode)
        }
    }
}

impl<T: FileSystem, O: DirOperations<T>> compat::Create for InodeTable<T, O> {
    callbacks! {
        fn create(
            idmap: *mut bindings::mnt_idmap => Idmap::from_raw,
            dir: *mut bindings::inode => OwnInode::from_raw,
            dentry: *mut bindings::dentry => NewDentry::from_raw,
            mode: bindings::umode_t,
            excl: bool,
        ) -> c_int {
            O::create(idmap, dir, dentry, mode, excl)
        }
    }
}

impl<T: FileSystem, O: RegOperations<T>> InodeTable<T, O> {
    const REGULAR: bindings::inode_operations = bindings::inode_operations {
        fiemap: Some(Self::fiemap),
        fileattr_get: Some(Self::fileattr_get),
        fileattr_set: Some(Self::fileattr_set),
        ..Self::PERMISSIONS
    };

    callbacks! {
        fn fiemap(
            inode: *mut bindings::inode => OwnInode::from_raw,
            info: *mut kernel::bindings::fiemap_extent_info => FiemapInfo::from_raw,
            start: u64,
            len: u64,
        ) -> c_int {
            O::fiemap(inode, &info, start, len)
        }
    }
}

impl<T: FileSystem, O: SymlinkOperations<T>> InodeTable<T, O> {
    const SYMLINK: bindings::inode_operations = bindings::inode_operations {
        get_link: Some(Self::get_link),
        ..Self::ATTRIBUTES
    };

    callbacks! {
        fn get_link(
            dentry: *mut bindings::dentry,
            inode: *mut bindings::inode => OwnInode::from_raw,
            done: *mut bindings::delayed_call => lent,
        ) -> *const c_char {
            if dentry.is_null() {
                // Under RCU.
                return ECHILD.to_ptr();
            }
            // SAFETY: Not under RCU, so it is held by the caller.
            match O::get_link(unsafe { OwnDentry::from_raw(dentry) }, inode) {
                Ok(link) => {
                    let (text, release) = link.into_raw();
                    *done = release;
                    text
                }
                Err(e) => e.to_ptr(),
            }
        }
    }
}

impl<T: FileSystem, O: SpecialOperations<T>> InodeTable<T, O> {
    const SPECIAL: bindings::inode_operations = Self::PERMISSIONS;
}

impl<T: FileSystem, O: FileAttributes<T>> InodeTable<T, O> {
    callbacks! {
        fn fileattr_get(
            dentry: *mut bindings::dentry => OwnDentry::from_raw,
            fa: *mut kernel::bindings::file_kattr => FileKattr::from_raw,
        ) -> c_int {
            O::fileattr_get(dentry, fa)
        }

        fn fileattr_set(
            idmap: *mut bindings::mnt_idmap => Idmap::from_raw,
            dentry: *mut bindings::dentry => OwnDentry::from_raw,
            fa: *mut kernel::bindings::file_kattr => FileKattr::from_raw,
        ) -> c_int {
            O::fileattr_set(idmap, dentry, fa)
        }
    }
}

impl<T: FileSystem, O: Permissions<T>> InodeTable<T, O> {
    const PERMISSIONS: bindings::inode_operations = bindings::inode_operations {
        permission: Some(Self::permission),
        get_inode_acl: Some(Self::get_inode_acl),
        get_acl: Some(Self::get_acl),
        set_acl: Some(Self::set_acl),
        ..Self::ATTRIBUTES
    };

    callbacks! {
        fn permission(
            idmap: *mut bindings::mnt_idmap => Idmap::from_raw,
            inode: *mut bindings::inode => NonNull::new_unchecked,
            mask: c_int,
        ) -> c_int {
            let mask = mask as u32;
            if mask & bindings::MAY_NOT_BLOCK != 0 {
                // SAFETY: With this flag the walk holds the read side of RCU, and nothing else.
                let inode = unsafe { RcuInode::from_raw(inode) };
                O::permission_rcu(idmap, inode, mask & !bindings::MAY_NOT_BLOCK)
            } else {
                // SAFETY: Without it the caller holds the inode.
                O::permission(idmap, unsafe { OwnInode::from_raw(inode.as_ptr()) }, mask)
            }
        }

        fn get_inode_acl(
            inode: *mut bindings::inode,
            ty: c_int,
            rcu: bool,
        ) -> *mut kernel::bindings::posix_acl {
            if rcu {
                // The VFS has looked into its cache already; nobody holds the inode.
                Err(ECHILD)
            } else {
                // SAFETY: The caller holds the inode.
                let inode = unsafe { OwnInode::from_raw(inode) };
                O::get_inode_acl(inode, AclType::from_raw(ty)).map(Acl::into_raw)
            }
        }

        fn get_acl(
            idmap: *mut bindings::mnt_idmap => Idmap::from_raw,
            dentry: *mut bindings::dentry => OwnDentry::from_raw,
            ty: c_int,
        ) -> *mut kernel::bindings::posix_acl {
            O::get_acl(idmap, dentry, AclType::from_raw(ty)).map(Acl::into_raw)
        }

        /// `acl`: NULL to remove it.
        fn set_acl(
            idmap: *mut bindings::mnt_idmap => Idmap::from_raw,
            dentry: *mut bindings::dentry => OwnDentry::from_raw,
            acl: *mut kernel::bindings::posix_acl => Acl::dup,
            ty: c_int,
        ) -> c_int {
            O::set_acl(idmap, dentry, acl.as_ref(), AclType::from_raw(ty))
        }
    }
}

impl<T: FileSystem, O: Attributes<T>> InodeTable<T, O> {
    const ATTRIBUTES: bindings::inode_operations = bindings::inode_operations {
        getattr: Some(Self::getattr),
        setattr: Some(Self::setattr),
        listxattr: Some(Self::listxattr),
        update_time: Some(Self::update_time),
        ..pin_init::zeroed()
    };

    callbacks! {
        fn getattr(
            idmap: *mut bindings::mnt_idmap => Idmap::from_raw,
            path: *const bindings::path => OwnPath::from_raw,
            stat: *mut bindings::kstat => Kstat::from_raw,
            mask: u32,
            flags: c_uint,
        ) -> c_int {
            O::getattr(idmap, path, stat, mask, flags)
        }

        fn setattr(
            idmap: *mut bindings::mnt_idmap => Idmap::from_raw,
            dentry: *mut bindings::dentry => OwnDentry::from_raw,
            attr: *mut bindings::iattr => Iattr::from_raw,
        ) -> c_int {
            O::setattr(idmap, dentry, attr)
        }

        fn listxattr(
            dentry: *mut bindings::dentry => OwnDentry::from_raw,
            list: *mut c_char,
            size: usize,
        ) -> isize {
            // SAFETY: The buffer has `size` bytes or is NULL.
            O::listxattr(dentry, unsafe { Buffer::from_raw(list.cast(), size) })
        }

        fn update_time(
            inode: *mut bindings::inode => OwnInode::from_raw,
            ty: bindings::fs_update_time,
            flags: c_uint,
        ) -> c_int {
            let which = match ty {
                bindings::fs_update_time_FS_UPD_ATIME => UpdateTime::Access,
                _ => UpdateTime::Modification,
            };
            O::update_time(inode, which, flags & bindings::IOCB_NOWAIT != 0)
        }
    }
}
