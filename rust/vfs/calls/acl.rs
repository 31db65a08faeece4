// SPDX-License-Identifier: GPL-2.0-only

//! POSIX ACLs.
//!
//! C: `struct posix_acl`, `fs/posix_acl.c`.

use crate::bindings;
use crate::vfs::{
    errno::{ENODATA, EOPNOTSUPP},
    file_system::FileSystem,
    inode::{Inode, OwnInode},
    mount::Mount,
    path::PathRef,
    write::Changing,
};
use core::ptr::NonNull;
use kernel::{
    error::{from_err_ptr, to_result},
    prelude::*,
};

/// Which ACL.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum AclType {
    /// The ACL of the object.
    Access,
    /// The ACL new objects in a directory start from.
    Default,
}

impl AclType {
    pub(in crate::vfs) fn from_raw(ty: i32) -> Self {
        if ty == bindings::ACL_TYPE_DEFAULT as i32 {
            Self::Default
        } else {
            Self::Access
        }
    }

    fn raw(self) -> i32 {
        match self {
            Self::Access => bindings::ACL_TYPE_ACCESS as i32,
            Self::Default => bindings::ACL_TYPE_DEFAULT as i32,
        }
    }

    fn name(self) -> *const kernel::ffi::c_char {
        match self {
            Self::Access => c"system.posix_acl_access".as_char_ptr(),
            Self::Default => c"system.posix_acl_default".as_char_ptr(),
        }
    }
}

/// An ACL that is owned (`struct posix_acl` with a reference).
pub struct Acl(NonNull<bindings::posix_acl>);

impl Acl {
    /// Takes over a reference; NULL is no ACL.
    ///
    /// # Safety
    ///
    /// `ptr` must be NULL, an error or a referenced ACL.
    unsafe fn take(ptr: *mut bindings::posix_acl) -> Result<Option<Self>> {
        Ok(NonNull::new(from_err_ptr(ptr)?).map(Self))
    }

    /// # Safety
    ///
    /// `ptr` must be NULL or an ACL that lives for the call.
    pub(in crate::vfs) unsafe fn dup(ptr: *mut kernel::bindings::posix_acl) -> Option<Self> {
        NonNull::new(ptr.cast::<bindings::posix_acl>()).map(|p| {
            // SAFETY: By the function's contract.
            unsafe { bindings::posix_acl_dup(p.as_ptr()) };
            Self(p)
        })
    }

    pub(in crate::vfs) fn into_raw(this: Option<Self>) -> *mut kernel::bindings::posix_acl {
        this.map_or(core::ptr::null_mut(), |acl| {
            core::mem::ManuallyDrop::new(acl).0.as_ptr().cast()
        })
    }

    /// The ACL of a foreign inode, ids as the file system stores them (`get_inode_acl()`): for
    /// permission checks.
    pub fn of_inode(inode: &Inode, ty: AclType) -> Result<Option<Self>> {
        // SAFETY: The inode is alive.
        unsafe { Self::take(bindings::get_inode_acl(inode.as_ptr(), ty.raw())) }
    }

    /// The ACL of a foreign dentry for userspace (`vfs_get_acl()`), the LSMs asked.
    pub fn get(path: PathRef<'_>, ty: AclType) -> Result<Option<Self>> {
        let idmap = path.mnt().idmap().as_ptr();
        // SAFETY: Both are alive.
        let acl = unsafe { bindings::vfs_get_acl(idmap, path.dentry().as_ptr(), ty.name()) };
        // SAFETY: The call hands out a reference.
        match unsafe { Self::take(acl) } {
            Err(e) if e == ENODATA || e == EOPNOTSUPP => Ok(None),
            other => other,
        }
    }

    /// The same ACL with the ids as seen through `mnt`.
    ///
    /// # Errors
    ///
    /// `ENOMEM`: what the file system caches must not be changed, so the ACL is copied.
    pub fn mapped(self, mnt: &Mount, inode: &Inode) -> Result<Self> {
        if !mnt.is_idmapped() {
            return Ok(self);
        }
        // SAFETY: All are alive; the helper clones and maps each entry.
        let acl = unsafe {
            bindings::posix_acl_clone_mapped(self.0.as_ptr(), mnt.idmap().as_ptr(), inode.as_ptr())
        };
        NonNull::new(acl).map(Self).ok_or(ENOMEM)
    }

    /// Sets the ACL of a foreign dentry (`vfs_set_acl()`).
    ///
    /// # Errors
    ///
    /// Those of the file system; `ENOMEM`.
    pub fn set(&self, object: Changing<'_>, ty: AclType) -> Result {
        // `vfs_set_acl()` maps the ids of an id-mapped mount in place, and this may be what a file
        // system has cached.
        let copy = if object.mnt().is_idmapped() {
            Some(self.duplicate()?)
        } else {
            None
        };
        let acl = copy.as_ref().unwrap_or(self);
        // SAFETY: All are alive. The call takes the inode's lock.
        to_result(unsafe {
            bindings::vfs_set_acl(
                object.mnt().idmap().as_ptr(),
                object.dentry().as_ptr(),
                ty.name(),
                acl.0.as_ptr(),
            )
        })
    }

    /// An unshared copy (`posix_acl_clone()`).
    fn duplicate(&self) -> Result<Self> {
        // SAFETY: The ACL is alive.
        let copy = unsafe { bindings::posix_acl_duplicate(self.0.as_ptr()) };
        NonNull::new(copy).map(Self).ok_or(ENOMEM)
    }

    /// Removes the ACL of a foreign dentry (`vfs_remove_acl()`). A missing one is no error.
    pub fn remove(object: Changing<'_>, ty: AclType) -> Result {
        let idmap = object.mnt().idmap().as_ptr();
        // SAFETY: As above.
        let ret = to_result(unsafe {
            bindings::vfs_remove_acl(idmap, object.dentry().as_ptr(), ty.name())
        });
        match ret {
            Err(e) if e == ENODATA || e == EOPNOTSUPP => Ok(()),
            other => other,
        }
    }
}

impl Drop for Acl {
    fn drop(&mut self) {
        // SAFETY: A reference is owned.
        unsafe { bindings::posix_acl_release(self.0.as_ptr()) };
    }
}

/// Drops what the VFS has cached of an inode's ACLs (`forget_all_cached_acls()`), after a change
/// below.
pub fn forget_cached<T: FileSystem>(inode: &OwnInode<T>) {
    // SAFETY: The inode is alive.
    unsafe { bindings::forget_all_cached_acls(inode.as_ptr()) };
}

/// What a new object in a directory starts with, by the directory's default ACL.
pub struct Inherited {
    /// The mode, masked by the default ACL or else by the umask.
    pub mode: u16,
    access: Option<Acl>,
    default: Option<Acl>,
}

impl Inherited {
    /// Computes it for an object of `mode` in `dir` (`posix_acl_create()`).
    pub fn new<T: FileSystem>(dir: &OwnInode<T>, mut mode: u16) -> Result<Self> {
        let mut default = core::ptr::null_mut();
        let mut access = core::ptr::null_mut();
        // SAFETY: All are valid; the ACLs received are referenced or NULL.
        to_result(unsafe {
            bindings::posix_acl_create(dir.as_ptr(), &mut mode, &mut default, &mut access)
        })?;
        Ok(Self {
            mode,
            access: NonNull::new(access).map(Acl),
            default: NonNull::new(default).map(Acl),
        })
    }

    /// Whether there is anything to set.
    pub fn is_empty(&self) -> bool {
        self.access.is_none() && self.default.is_none()
    }

    /// Sets the ACLs on the new object.
    pub fn apply(&self, object: Changing<'_>) -> Result {
        if let Some(acl) = &self.access {
            acl.set(object, AclType::Access)?;
        }
        if let Some(acl) = &self.default {
            acl.set(object, AclType::Default)?;
        }
        Ok(())
    }
}

/// Whether the file system behind `inode` can set ACLs (`->set_acl()`).
pub fn can_set(inode: &Inode) -> bool {
    // SAFETY: `i_op` is never NULL and constant.
    inode.has_posix_acl() && unsafe { (*(*inode.as_ptr()).i_op).set_acl.is_some() }
}
