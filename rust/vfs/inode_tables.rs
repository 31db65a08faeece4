// SPDX-License-Identifier: GPL-2.0-only

//! The tables of inode operations: each callback converts its arguments, calls the trait's method,
//! and converts the result.
//!
//! C: `struct inode_operations`.

use super::{
    acl::{Acl, AclType},
    attr::{Iattr, Kstat},
    compat,
    dentry::{ChildDentry, DEntry, LookupDentry},
    file_ops,
    file_system::FileSystem,
    fileattr::{FiemapInfo, FileKattr},
    inode::INode,
    inode_ops::{
        Attributes, DirOperations, FileAttributes, Permissions, RegOperations, RenameRequest,
        SpecialOperations, SymlinkOperations, UpdateTime,
    },
    mount::{Idmap, Mount},
    path::PathRef,
    tmpfile::Tmpfile,
    types::cstr,
    xattr::Buffer,
};
use crate::bindings;
use core::marker::PhantomData;
use kernel::{
    error::from_result,
    ffi::{c_char, c_int, c_uint},
    prelude::*,
    sync::aref::ARef,
};

/// The tables of one kind of inode.
pub(super) struct Tables {
    iops: &'static bindings::inode_operations,
    fops: Option<&'static bindings::file_operations>,
    rdev: u32,
}

impl Tables {
    pub(super) const fn dir<T: FileSystem, O: DirOperations<T>>() -> Self {
        Self {
            iops: &Table::<T, O>::DIR,
            fops: Some(&file_ops::DirTable::<T, O::File>::OPS),
            rdev: 0,
        }
    }

    pub(super) const fn regular<T: FileSystem, O: RegOperations<T>>() -> Self {
        Self {
            iops: &Table::<T, O>::REGULAR,
            fops: Some(&file_ops::RegTable::<T, O::File>::OPS),
            rdev: 0,
        }
    }

    pub(super) const fn symlink<T: FileSystem, O: SymlinkOperations<T>>() -> Self {
        Self {
            iops: &Table::<T, O>::SYMLINK,
            fops: None,
            rdev: 0,
        }
    }

    pub(super) const fn special<T: FileSystem, O: SpecialOperations<T>>(rdev: u32) -> Self {
        Self {
            iops: &Table::<T, O>::SPECIAL,
            fops: None,
            rdev,
        }
    }

    /// # Safety
    ///
    /// `inode` must be new and unpublished, its mode set.
    pub(super) unsafe fn install(&self, inode: *mut bindings::inode) {
        // SAFETY: By the function's contract. `init_special_inode()` demands one of its types;
        // the mode was taken from the object the kind was taken from.
        unsafe {
            (*inode).i_op = self.iops;
            match self.fops {
                Some(fops) => bindings::inode_set_fops(inode, fops),
                None if bindings::mode_is_special((*inode).i_mode) => {
                    bindings::init_special_inode(inode, (*inode).i_mode, self.rdev)
                }
                None => {}
            }
        }
    }
}

/// `->create()`, with the arguments of the older kernels: [`compat::CreateFn`] adapts it.
///
/// # Safety
///
/// To be called by the kernel alone, for inodes of `T`.
pub(super) unsafe extern "C" fn create<T: FileSystem, O: DirOperations<T>>(
    idmap: *mut bindings::mnt_idmap,
    dir: *mut bindings::inode,
    dentry: *mut bindings::dentry,
    mode: bindings::umode_t,
    excl: bool,
) -> c_int {
    // SAFETY: As in `Table::lookup`; the directory is locked exclusively.
    let (idmap, dir, dentry) = unsafe { child::<T>(idmap, dir, dentry) };
    from_result(|| O::create(idmap, dir, dentry, mode, excl).map(|()| 0))
}

struct Table<T, O>(PhantomData<(T, O)>);

impl<T: FileSystem, O: DirOperations<T>> Table<T, O> {
    const DIR: bindings::inode_operations = bindings::inode_operations {
        lookup: Some(Self::lookup),
        create: Some(compat::CreateFn::<T, O>::CREATE),
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
        permission: Some(Self::permission),
        get_inode_acl: Some(Self::get_inode_acl),
        get_acl: Some(Self::get_acl),
        set_acl: Some(Self::set_acl),
        getattr: Some(Self::getattr),
        setattr: Some(Self::setattr),
        listxattr: Some(Self::listxattr),
        update_time: Some(Self::update_time),
        ..pin_init::zeroed()
    };

    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn lookup(
        dir: *mut bindings::inode,
        dentry: *mut bindings::dentry,
        flags: c_uint,
    ) -> *mut bindings::dentry {
        // SAFETY: Here and in all callbacks below: the tables of `T` are installed by
        // `New::<T>::init` alone, so all inodes and dentries are of `T`, and valid for the call.
        let (dir, dentry) = unsafe {
            (
                INode::<T>::from_raw(dir),
                LookupDentry::<T>::from_raw(dentry),
            )
        };
        match O::lookup(dir, dentry, flags) {
            Ok(None) => core::ptr::null_mut(),
            Ok(Some(other)) => ARef::into_raw(other).as_ptr().cast(),
            Err(e) => e.to_ptr(),
        }
    }

    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn link(
        old: *mut bindings::dentry,
        dir: *mut bindings::inode,
        new: *mut bindings::dentry,
    ) -> c_int {
        // SAFETY: As above.
        let (old, dir, new) = unsafe {
            (
                DEntry::<T>::from_raw(old),
                INode::<T>::from_raw(dir),
                ChildDentry::from_raw(new),
            )
        };
        from_result(|| O::link(old, dir, new).map(|()| 0))
    }

    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn unlink(dir: *mut bindings::inode, dentry: *mut bindings::dentry) -> c_int {
        // SAFETY: As above.
        let (dir, dentry) = unsafe { (INode::<T>::from_raw(dir), ChildDentry::from_raw(dentry)) };
        from_result(|| O::unlink(dir, dentry).map(|()| 0))
    }

    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn symlink(
        idmap: *mut bindings::mnt_idmap,
        dir: *mut bindings::inode,
        dentry: *mut bindings::dentry,
        target: *const c_char,
    ) -> c_int {
        // SAFETY: As above; the target is NUL-terminated.
        let ((idmap, dir, dentry), target) =
            unsafe { (child::<T>(idmap, dir, dentry), cstr(target)) };
        from_result(|| O::symlink(idmap, dir, dentry, target).map(|()| 0))
    }

    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn mkdir(
        idmap: *mut bindings::mnt_idmap,
        dir: *mut bindings::inode,
        dentry: *mut bindings::dentry,
        mode: bindings::umode_t,
    ) -> *mut bindings::dentry {
        // SAFETY: As above.
        let (idmap, dir, dentry) = unsafe { child::<T>(idmap, dir, dentry) };
        match O::mkdir(idmap, dir, dentry, mode) {
            Ok(()) => core::ptr::null_mut(),
            Err(e) => e.to_ptr(),
        }
    }

    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn rmdir(dir: *mut bindings::inode, dentry: *mut bindings::dentry) -> c_int {
        // SAFETY: As above.
        let (dir, dentry) = unsafe { (INode::<T>::from_raw(dir), ChildDentry::from_raw(dentry)) };
        from_result(|| O::rmdir(dir, dentry).map(|()| 0))
    }

    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn mknod(
        idmap: *mut bindings::mnt_idmap,
        dir: *mut bindings::inode,
        dentry: *mut bindings::dentry,
        mode: bindings::umode_t,
        rdev: bindings::dev_t,
    ) -> c_int {
        // SAFETY: As above.
        let (idmap, dir, dentry) = unsafe { child::<T>(idmap, dir, dentry) };
        from_result(|| O::mknod(idmap, dir, dentry, mode, rdev).map(|()| 0))
    }

    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn rename(
        idmap: *mut bindings::mnt_idmap,
        old_dir: *mut bindings::inode,
        old: *mut bindings::dentry,
        new_dir: *mut bindings::inode,
        new: *mut bindings::dentry,
        flags: c_uint,
    ) -> c_int {
        // SAFETY: As above.
        let ((idmap, old_dir, old), new_dir, new) = unsafe {
            (
                child::<T>(idmap, old_dir, old),
                INode::<T>::from_raw(new_dir),
                ChildDentry::from_raw(new),
            )
        };
        from_result(|| {
            const WHITEOUT_NOREPLACE: u32 = bindings::RENAME_WHITEOUT | bindings::RENAME_NOREPLACE;
            let request = match flags {
                0 => RenameRequest::Replace,
                bindings::RENAME_NOREPLACE => RenameRequest::NoReplace,
                bindings::RENAME_EXCHANGE => RenameRequest::Exchange,
                bindings::RENAME_WHITEOUT | WHITEOUT_NOREPLACE => RenameRequest::Whiteout,
                _ => return Err(EINVAL),
            };
            O::rename(idmap, old_dir, old, new_dir, new, request).map(|()| 0)
        })
    }

    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn tmpfile(
        idmap: *mut bindings::mnt_idmap,
        dir: *mut bindings::inode,
        file: *mut bindings::file,
        mode: bindings::umode_t,
    ) -> c_int {
        // SAFETY: As above.
        let (idmap, dir) = unsafe { (Idmap::from_raw(idmap), INode::<T>::from_raw(dir)) };
        from_result(|| {
            O::tmpfile(
                idmap,
                dir,
                Tmpfile {
                    file,
                    _p: PhantomData,
                },
                mode,
            )
            .map(|()| 0)
        })
    }
}

/// # Safety
///
/// The arguments must be those of a directory-modifying operation of `T` in progress.
unsafe fn child<'a, T: FileSystem>(
    idmap: *mut bindings::mnt_idmap,
    dir: *mut bindings::inode,
    dentry: *mut bindings::dentry,
) -> (&'a Idmap, &'a INode<T>, ChildDentry<'a, T>) {
    // SAFETY: By the function's contract.
    unsafe {
        (
            Idmap::from_raw(idmap),
            INode::from_raw(dir),
            ChildDentry::from_raw(dentry),
        )
    }
}

impl<T: FileSystem, O: RegOperations<T>> Table<T, O> {
    const REGULAR: bindings::inode_operations = bindings::inode_operations {
        fiemap: Some(Self::fiemap),
        fileattr_get: Some(Self::fileattr_get),
        fileattr_set: Some(Self::fileattr_set),
        permission: Some(Self::permission),
        get_inode_acl: Some(Self::get_inode_acl),
        get_acl: Some(Self::get_acl),
        set_acl: Some(Self::set_acl),
        getattr: Some(Self::getattr),
        setattr: Some(Self::setattr),
        listxattr: Some(Self::listxattr),
        update_time: Some(Self::update_time),
        ..pin_init::zeroed()
    };

    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn fiemap(
        inode: *mut bindings::inode,
        info: *mut kernel::bindings::fiemap_extent_info,
        start: u64,
        len: u64,
    ) -> c_int {
        // SAFETY: As in `lookup`.
        let (inode, info) = unsafe {
            (
                INode::<T>::from_raw(inode),
                FiemapInfo::from_raw(info.cast()),
            )
        };
        from_result(|| O::fiemap(inode, &info, start, len).map(|()| 0))
    }
}

impl<T: FileSystem, O: SymlinkOperations<T>> Table<T, O> {
    const SYMLINK: bindings::inode_operations = bindings::inode_operations {
        get_link: Some(Self::get_link),
        getattr: Some(Self::getattr),
        setattr: Some(Self::setattr),
        listxattr: Some(Self::listxattr),
        update_time: Some(Self::update_time),
        ..pin_init::zeroed()
    };

    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn get_link(
        dentry: *mut bindings::dentry,
        inode: *mut bindings::inode,
        done: *mut bindings::delayed_call,
    ) -> *const c_char {
        if dentry.is_null() {
            // Under RCU.
            return ECHILD.to_ptr();
        }
        // SAFETY: As in `lookup`; `done` is the caller's.
        unsafe {
            match O::get_link(DEntry::from_raw(dentry), INode::from_raw(inode)) {
                Ok(link) => {
                    let (text, release) = link.into_raw();
                    done.write(release);
                    text
                }
                Err(e) => e.to_ptr(),
            }
        }
    }
}

impl<T: FileSystem, O: SpecialOperations<T>> Table<T, O> {
    const SPECIAL: bindings::inode_operations = bindings::inode_operations {
        permission: Some(Self::permission),
        get_inode_acl: Some(Self::get_inode_acl),
        get_acl: Some(Self::get_acl),
        set_acl: Some(Self::set_acl),
        getattr: Some(Self::getattr),
        setattr: Some(Self::setattr),
        listxattr: Some(Self::listxattr),
        update_time: Some(Self::update_time),
        ..pin_init::zeroed()
    };
}

impl<T: FileSystem, O: FileAttributes<T>> Table<T, O> {
    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn fileattr_get(
        dentry: *mut bindings::dentry,
        fa: *mut kernel::bindings::file_kattr,
    ) -> c_int {
        // SAFETY: As in `lookup`; `fa` is the caller's.
        let (dentry, fa) = unsafe {
            (
                DEntry::<T>::from_raw(dentry),
                FileKattr::from_raw(fa.cast()),
            )
        };
        from_result(|| O::fileattr_get(dentry, fa).map(|()| 0))
    }

    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn fileattr_set(
        idmap: *mut bindings::mnt_idmap,
        dentry: *mut bindings::dentry,
        fa: *mut kernel::bindings::file_kattr,
    ) -> c_int {
        // SAFETY: As above.
        let (idmap, dentry, fa) = unsafe {
            (
                Idmap::from_raw(idmap),
                DEntry::<T>::from_raw(dentry),
                FileKattr::from_raw(fa.cast()),
            )
        };
        from_result(|| O::fileattr_set(idmap, dentry, fa).map(|()| 0))
    }
}

impl<T: FileSystem, O: Permissions<T>> Table<T, O> {
    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn permission(
        idmap: *mut bindings::mnt_idmap,
        inode: *mut bindings::inode,
        mask: c_int,
    ) -> c_int {
        // SAFETY: As in `lookup`; under RCU the inode is readable.
        let (idmap, inode) = unsafe { (Idmap::from_raw(idmap), INode::<T>::from_raw(inode)) };
        from_result(|| O::permission(idmap, inode, mask as u32).map(|()| 0))
    }

    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn get_inode_acl(
        inode: *mut bindings::inode,
        ty: c_int,
        rcu: bool,
    ) -> *mut kernel::bindings::posix_acl {
        // SAFETY: As above.
        let inode = unsafe { INode::<T>::from_raw(inode) };
        match O::get_inode_acl(inode, AclType::from_raw(ty), rcu) {
            Ok(acl) => Acl::into_raw(acl).cast(),
            Err(e) => e.to_ptr(),
        }
    }

    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn get_acl(
        idmap: *mut bindings::mnt_idmap,
        dentry: *mut bindings::dentry,
        ty: c_int,
    ) -> *mut kernel::bindings::posix_acl {
        // SAFETY: As in `lookup`.
        let (idmap, dentry) = unsafe { (Idmap::from_raw(idmap), DEntry::<T>::from_raw(dentry)) };
        match O::get_acl(idmap, dentry, AclType::from_raw(ty)) {
            Ok(acl) => Acl::into_raw(acl).cast(),
            Err(e) => e.to_ptr(),
        }
    }

    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn set_acl(
        idmap: *mut bindings::mnt_idmap,
        dentry: *mut bindings::dentry,
        acl: *mut kernel::bindings::posix_acl,
        ty: c_int,
    ) -> c_int {
        // SAFETY: As in `lookup`; the ACL is the caller's, NULL to remove it.
        let (idmap, dentry, acl) = unsafe {
            (
                Idmap::from_raw(idmap),
                DEntry::<T>::from_raw(dentry),
                Acl::dup(acl.cast()),
            )
        };
        from_result(|| O::set_acl(idmap, dentry, acl.as_ref(), AclType::from_raw(ty)).map(|()| 0))
    }
}

impl<T: FileSystem, O: Attributes<T>> Table<T, O> {
    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn getattr(
        idmap: *mut bindings::mnt_idmap,
        path: *const bindings::path,
        stat: *mut bindings::kstat,
        mask: u32,
        flags: c_uint,
    ) -> c_int {
        // SAFETY: As in `lookup`; `stat` is the caller's.
        let (idmap, mnt, dentry, stat) = unsafe {
            (
                Idmap::from_raw(idmap),
                Mount::from_raw((*path).mnt),
                DEntry::<T>::from_raw((*path).dentry),
                Kstat::from_raw(stat),
            )
        };
        from_result(|| {
            O::getattr(idmap, PathRef::new(mnt, dentry), dentry, stat, mask, flags).map(|()| 0)
        })
    }

    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn setattr(
        idmap: *mut bindings::mnt_idmap,
        dentry: *mut bindings::dentry,
        attr: *mut bindings::iattr,
    ) -> c_int {
        // SAFETY: As in `lookup`; `attr` is the caller's.
        let (idmap, dentry, attr) = unsafe {
            (
                Idmap::from_raw(idmap),
                DEntry::<T>::from_raw(dentry),
                Iattr::from_raw(attr),
            )
        };
        from_result(|| O::setattr(idmap, dentry, attr).map(|()| 0))
    }

    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn listxattr(
        dentry: *mut bindings::dentry,
        list: *mut c_char,
        size: usize,
    ) -> isize {
        // SAFETY: As in `lookup`; the buffer has `size` bytes or is NULL.
        let (dentry, buffer) = unsafe {
            (
                DEntry::<T>::from_raw(dentry),
                if list.is_null() || size == 0 {
                    Buffer::Length
                } else {
                    Buffer::Value(core::slice::from_raw_parts_mut(list.cast(), size))
                },
            )
        };
        match O::listxattr(dentry, buffer) {
            Ok(len) => isize::try_from(len).unwrap_or(isize::MAX),
            Err(e) => e.to_errno() as isize,
        }
    }

    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn update_time(
        inode: *mut bindings::inode,
        ty: bindings::fs_update_time,
        flags: c_uint,
    ) -> c_int {
        // SAFETY: As in `lookup`.
        let inode = unsafe { INode::<T>::from_raw(inode) };
        let which = if ty == bindings::fs_update_time_FS_UPD_ATIME {
            UpdateTime::Access
        } else {
            UpdateTime::Modification
        };
        let nowait = flags & bindings::IOCB_NOWAIT != 0;
        from_result(|| O::update_time(inode, which, nowait).map(|()| 0))
    }
}
