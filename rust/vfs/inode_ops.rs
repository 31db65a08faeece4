// SPDX-License-Identifier: GPL-2.0-only

//! Operations on inodes and dentries.
//!
//! C: `struct inode_operations`, `struct dentry_operations`. One table per kind of inode, chosen
//! when the inode is made; a directory's operations can only go to a directory.

use super::{
    acl::{Acl, AclType},
    attr::{Iattr, Kstat},
    compat,
    dentry::{ChildDentry, DEntry, Dentry, LookupDentry},
    file::OpenFile,
    file_ops::{self, DirFileOperations, RegFileOperations},
    file_system::FileSystem,
    fileattr::{FiemapInfo, FileKattr},
    inode::INode,
    mount::{Idmap, Mount},
    namei::Link,
    path::PathRef,
    types::cstr,
    xattr::Buffer,
};
use crate::bindings;
use core::{ffi::CStr, marker::PhantomData};
use kernel::{
    error::{from_result, to_result},
    ffi::{c_char, c_int, c_uint},
    prelude::*,
    sync::aref::ARef,
    types::ForeignOwnable,
};

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
        path: PathRef<'_>,
        dentry: &DEntry<T>,
        stat: &mut Kstat,
        mask: u32,
        flags: u32,
    ) -> Result;

    /// `->setattr()`. The inode is locked exclusively.
    fn setattr(idmap: &Idmap, dentry: &DEntry<T>, attr: &mut Iattr) -> Result;

    /// `->listxattr()`; returns the length of the list.
    fn listxattr(dentry: &DEntry<T>, buffer: Buffer<'_>) -> Result<usize>;

    /// `->update_time()`. `nowait`: fail with `EAGAIN` rather than sleep.
    fn update_time(inode: &INode<T>, which: UpdateTime, nowait: bool) -> Result;
}

/// Operations of all kinds but symbolic links.
pub trait Permissions<T: FileSystem>: Attributes<T> {
    /// `->permission()`. `mask`: `MAY_*`; with `MAY_NOT_BLOCK`, in a walk under RCU: fail with
    /// `ECHILD` rather than sleep.
    fn permission(idmap: &Idmap, inode: &INode<T>, mask: u32) -> Result;

    /// `->get_inode_acl()`, for permission checks; with `rcu`, fail with `ECHILD` rather than
    /// sleep.
    fn get_inode_acl(inode: &INode<T>, ty: AclType, rcu: bool) -> Result<Option<Acl>>;

    /// `->get_acl()`, for userspace.
    fn get_acl(idmap: &Idmap, dentry: &DEntry<T>, ty: AclType) -> Result<Option<Acl>>;

    /// `->set_acl()`. The inode is locked exclusively.
    fn set_acl(idmap: &Idmap, dentry: &DEntry<T>, acl: Option<&Acl>, ty: AclType) -> Result;
}

/// `chattr(1)`'s flags, of directories and regular files.
pub trait FileAttributes<T: FileSystem> {
    /// `->fileattr_get()`.
    fn fileattr_get(dentry: &DEntry<T>, fa: &mut FileKattr) -> Result;

    /// `->fileattr_set()`. The inode is locked exclusively.
    fn fileattr_set(idmap: &Idmap, dentry: &DEntry<T>, fa: &mut FileKattr) -> Result;
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

/// Operations of a directory. All that modify it run with it locked exclusively.
pub trait DirOperations<T: FileSystem>: Permissions<T> + FileAttributes<T> {
    /// Operations on an open directory.
    type File: DirFileOperations<T>;

    /// `->lookup()`. The directory is locked at least shared. `flags`: `LOOKUP_*`.
    fn lookup(
        dir: &INode<T>,
        dentry: LookupDentry<'_, T>,
        flags: u32,
    ) -> Result<Option<ARef<DEntry<T>>>>;

    /// `->create()`. `excl`: fail if the name is there (`O_EXCL`); always set since 7.3.
    fn create(
        idmap: &Idmap,
        dir: &INode<T>,
        dentry: ChildDentry<'_, T>,
        mode: u16,
        excl: bool,
    ) -> Result;

    /// `->link()`.
    fn link(old: &DEntry<T>, dir: &INode<T>, new: ChildDentry<'_, T>) -> Result;

    /// `->unlink()`. The victim's inode is locked too.
    fn unlink(dir: &INode<T>, dentry: ChildDentry<'_, T>) -> Result;

    /// `->symlink()`.
    fn symlink(idmap: &Idmap, dir: &INode<T>, dentry: ChildDentry<'_, T>, target: &CStr) -> Result;

    /// `->mkdir()`, which makes the given dentry positive.
    fn mkdir(idmap: &Idmap, dir: &INode<T>, dentry: ChildDentry<'_, T>, mode: u16) -> Result;

    /// `->rmdir()`. The victim's inode is locked too.
    fn rmdir(dir: &INode<T>, dentry: ChildDentry<'_, T>) -> Result;

    /// `->mknod()`.
    fn mknod(
        idmap: &Idmap,
        dir: &INode<T>,
        dentry: ChildDentry<'_, T>,
        mode: u16,
        rdev: u32,
    ) -> Result;

    /// `->rename()`. Both directories and the inodes concerned are locked.
    fn rename(
        idmap: &Idmap,
        old_dir: &INode<T>,
        old: ChildDentry<'_, T>,
        new_dir: &INode<T>,
        new: ChildDentry<'_, T>,
        request: RenameRequest,
    ) -> Result;

    /// `->tmpfile()`: makes an unnamed regular file and opens it; see [`Tmpfile`]. The directory
    /// is not locked.
    fn tmpfile(idmap: &Idmap, dir: &INode<T>, file: Tmpfile<'_, T>, mode: u16) -> Result;
}

/// Operations of a symbolic link.
pub trait SymlinkOperations<T: FileSystem>: Attributes<T> {
    /// `->get_link()`, not called under RCU.
    fn get_link(dentry: &DEntry<T>, inode: &INode<T>) -> Result<Link>;
}

/// Operations of a device, FIFO or socket: no more than permissions.
pub trait SpecialOperations<T: FileSystem>: Permissions<T> {}

/// Operations of a regular file.
pub trait RegOperations<T: FileSystem>: Permissions<T> + FileAttributes<T> {
    /// Operations on an open file.
    type File: RegFileOperations<T>;

    /// `->fiemap()`.
    fn fiemap(inode: &INode<T>, info: &FiemapInfo, start: u64, len: u64) -> Result;
}

/// The file of `->tmpfile()`: open in the end, with an inode and with data of its own.
pub struct Tmpfile<'a, T: FileSystem> {
    file: *mut bindings::file,
    _p: PhantomData<&'a T>,
}

impl<T: FileSystem> Tmpfile<'_, T> {
    /// The dentry, negative until [`finish`](Self::finish).
    pub fn dentry(&self) -> &DEntry<T> {
        // SAFETY: The VFS has set the path of the file.
        unsafe { DEntry::from_raw((*bindings::file_path(self.file)).dentry) }
    }

    /// The file as its operations will see it. Its data are not set yet.
    pub fn as_open<F: RegFileOperations<T>>(&self) -> &OpenFile<T, F::Data> {
        // SAFETY: Alive for the call.
        unsafe { OpenFile::from_raw(self.file) }
    }

    /// Gives the file its inode and its data and completes the open.
    ///
    /// C: `d_mark_tmpfile()`, `d_instantiate()`, `finish_open_simple()`. `->open()` of `F` is not
    /// called.
    pub fn finish<F: RegFileOperations<T>>(
        self,
        inode: ARef<INode<T>>,
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

/// Operations on dentries.
pub trait DentryOperations<T: FileSystem>: 'static {
    /// `->d_revalidate()`. `flags`: `LOOKUP_*`; with `LOOKUP_RCU`, fail with `ECHILD` rather than
    /// sleep.
    fn d_revalidate(dentry: &DEntry<T>, flags: u32) -> Result<bool>;

    /// `->d_weak_revalidate()`.
    fn d_weak_revalidate(dentry: &DEntry<T>, flags: u32) -> Result<bool>;

    /// `->d_real()`: the dentry behind a stacked regular file whose data (or, with `data` false,
    /// whose metadata) are asked for. It is held by the stacked inode.
    fn d_real(dentry: &DEntry<T>, data: bool) -> Option<&Dentry>;
}

pub(super) fn dentry_table<T: FileSystem, D: DentryOperations<T>>(
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

    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn d_real(
        dentry: *mut bindings::dentry,
        ty: bindings::d_real_type,
    ) -> *mut bindings::dentry {
        // SAFETY: Installed for super blocks of `T` alone.
        let own = unsafe { DEntry::<T>::from_raw(dentry) };
        let data = ty == bindings::d_real_type_D_REAL_DATA;
        match D::d_real(own, data) {
            // SAFETY: The real dentry is held by the stacked inode; it may be stacked itself.
            Some(real) => unsafe { bindings::d_real(real.as_ptr(), ty) },
            None => dentry,
        }
    }

    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn d_revalidate(
        _dir: *mut bindings::inode,
        _name: *const bindings::qstr,
        dentry: *mut bindings::dentry,
        flags: c_uint,
    ) -> c_int {
        // SAFETY: As above.
        let dentry = unsafe { DEntry::<T>::from_raw(dentry) };
        from_result(|| D::d_revalidate(dentry, flags).map(c_int::from))
    }

    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn d_weak_revalidate(dentry: *mut bindings::dentry, flags: c_uint) -> c_int {
        // SAFETY: As above.
        let dentry = unsafe { DEntry::<T>::from_raw(dentry) };
        from_result(|| D::d_weak_revalidate(dentry, flags).map(c_int::from))
    }
}

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
