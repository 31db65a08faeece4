// SPDX-License-Identifier: GPL-2.0-only

//! Paths: a dentry as seen through a mount.
//!
//! C: `struct path`, `fs/namei.c`.

use crate::bindings;
use crate::vfs::{
    dentry::{Dentry, OwnDentry},
    file_system::FileSystem,
    mount::{Idmap, Mount},
};
use core::{ffi::CStr, marker::PhantomData};
use kernel::{error::to_result, prelude::*};

/// An owned path (`struct path` with `path_get()`).
///
/// # Invariants
///
/// Both pointers are valid, and a reference on each is owned.
pub struct Path {
    path: bindings::path,
}

// SAFETY: Mounts and dentries are refcounted and may be used from any task.
unsafe impl Send for Path {}
// SAFETY: As above.
unsafe impl Sync for Path {}

impl Path {
    /// Looks a directory up as a system call of this task would (`kern_path()`), following
    /// symbolic links.
    ///
    /// # Errors
    ///
    /// Those of a path walk: `ENOENT`, `ENOTDIR`, `EACCES`, `ELOOP` ...
    pub fn lookup_dir(name: &CStr) -> Result<Self> {
        Self::lookup_dir_by(bindings::kern_path, name)
    }

    /// The same as the first process sees it, for tests, which kernel threads run.
    #[cfg(union_kunit)]
    pub fn lookup_dir_of_init(name: &CStr) -> Result<Self> {
        Self::lookup_dir_by(bindings::kern_path_of_init, name)
    }

    /// Walks a path by `kern_path()` or its like.
    fn lookup_dir_by(
        walk: unsafe extern "C" fn(
            *const kernel::ffi::c_char,
            kernel::ffi::c_uint,
            *mut bindings::path,
        ) -> kernel::ffi::c_int,
        name: &CStr,
    ) -> Result<Self> {
        let mut path: bindings::path = pin_init::zeroed();
        let flags = bindings::LOOKUP_FOLLOW | bindings::LOOKUP_DIRECTORY;
        // SAFETY: The name is NUL-terminated; `path` is filled on success.
        to_result(unsafe { walk(name.as_char_ptr(), flags, &mut path) })?;
        // INVARIANT: Both functions hand out both references.
        Ok(Self { path })
    }

    /// # Safety
    ///
    /// `path` must be valid and referenced during the call.
    pub(in crate::vfs) unsafe fn from_borrowed(path: *const bindings::path) -> Self {
        // SAFETY: By the function's contract.
        let path = unsafe {
            bindings::path_get(path);
            *path
        };
        // INVARIANT: The references were just taken.
        Self { path }
    }

    /// The mount.
    pub fn mnt(&self) -> &Mount {
        // SAFETY: By the invariant.
        unsafe { Mount::from_raw(self.path.mnt) }
    }

    /// The dentry.
    pub fn dentry(&self) -> &Dentry {
        // SAFETY: By the invariant.
        unsafe { Dentry::from_raw(self.path.dentry) }
    }

    pub(in crate::vfs) fn as_ptr(&self) -> *const bindings::path {
        &self.path
    }

    /// The path's name as seen from this task's root, for messages and `/proc/mounts`
    /// (`d_path()`).
    ///
    /// # Errors
    ///
    /// `ENOMEM`; `ENAMETOOLONG` beyond 4095 bytes.
    pub fn d_path(&self) -> Result<KVec<u8>> {
        let mut buf: KVec<u8> = KVec::with_capacity(bindings::PATH_MAX as usize, GFP_KERNEL)?;
        // SAFETY: The path is valid; the buffer has the length given.
        let text = unsafe {
            bindings::d_path(
                self.as_ptr(),
                buf.spare_capacity_mut().as_mut_ptr().cast(),
                bindings::PATH_MAX as kernel::ffi::c_int,
            )
        };
        let text = kernel::error::from_err_ptr(text)?;
        // SAFETY: A NUL-terminated string within the buffer.
        let text = unsafe { crate::vfs::types::cstr(text) }.to_bytes();
        let mut name = KVec::with_capacity(text.len(), GFP_KERNEL)?;
        name.extend_from_slice(text, GFP_KERNEL)?;
        Ok(name)
    }
}

impl Clone for Path {
    fn clone(&self) -> Self {
        // SAFETY: By the invariant.
        unsafe { Self::from_borrowed(&self.path) }
    }
}

impl Drop for Path {
    fn drop(&mut self) {
        // SAFETY: The references are owned.
        unsafe { bindings::path_put(&self.path) };
    }
}

/// A borrowed path of another file system: a dentry through a mount, both held by the caller.
///
/// # Invariants
///
/// The mount is one of the dentry's file system.
#[derive(Clone, Copy)]
pub struct PathRef<'a> {
    mnt: &'a Mount,
    dentry: &'a Dentry,
}

impl Mount {
    /// `dentry` as seen through this mount.
    ///
    /// # Errors
    ///
    /// `EXDEV` if it lies on another file system.
    pub fn at<'a>(&'a self, dentry: &'a Dentry) -> Result<PathRef<'a>> {
        if self.root().sb_ptr() != dentry.sb_ptr() {
            return Err(EXDEV);
        }
        // INVARIANT: By the check.
        Ok(PathRef { mnt: self, dentry })
    }
}

impl<'a> PathRef<'a> {
    /// # Safety
    ///
    /// `path` must be valid, and both it names held for `'a`.
    pub(in crate::vfs) unsafe fn from_raw(path: *const bindings::path) -> Self {
        // INVARIANT: So are all paths of C.
        // SAFETY: By the function's contract.
        unsafe {
            Self {
                mnt: Mount::from_raw((*path).mnt),
                dentry: Dentry::from_raw((*path).dentry),
            }
        }
    }

    /// Another object, seen through the same mount ([`Mount::at`]).
    pub fn at<'b>(&self, dentry: &'b Dentry) -> Result<PathRef<'b>>
    where
        'a: 'b,
    {
        self.mnt.at(dentry)
    }

    /// The mount.
    pub fn mnt(&self) -> &'a Mount {
        self.mnt
    }

    /// The dentry.
    pub fn dentry(&self) -> &'a Dentry {
        self.dentry
    }

    /// The C form, which borrows: use it within one call.
    pub(in crate::vfs) fn raw(&self) -> bindings::path {
        bindings::path {
            mnt: self.mnt.as_ptr(),
            dentry: self.dentry.as_ptr(),
        }
    }

    /// Updates the access time as a read would (`touch_atime()`), subject to the mount's flags.
    pub fn touch_atime(&self) {
        // SAFETY: Both are alive.
        unsafe { bindings::touch_atime(&self.raw()) };
    }
}

/// A borrowed path of our own file system `T`. Nothing of it can be changed through it: the VFS does,
/// and calls us for it.
#[derive(Clone, Copy)]
pub struct OwnPath<'a, T: FileSystem>(PathRef<'a>, PhantomData<&'a T>);

impl<'a, T: FileSystem> OwnPath<'a, T> {
    /// # Safety
    ///
    /// As [`PathRef::from_raw`], and the path must be one of a super block of `T`.
    pub(in crate::vfs) unsafe fn from_raw(path: *const bindings::path) -> Self {
        // SAFETY: By the function's contract.
        Self(unsafe { PathRef::from_raw(path) }, PhantomData)
    }

    /// The id map of the mount.
    pub fn idmap(&self) -> &'a Idmap {
        self.0.mnt.idmap()
    }

    /// The mount. Its root is one of our own dentries, so it is not handed out.
    pub(in crate::vfs) fn mnt(&self) -> &'a Mount {
        self.0.mnt
    }

    /// The dentry.
    pub fn dentry(&self) -> &'a OwnDentry<T> {
        // SAFETY: By `from_raw`.
        unsafe { OwnDentry::from_raw(self.0.dentry.as_ptr()) }
    }

    /// See [`PathRef::raw`].
    pub(in crate::vfs) fn raw(&self) -> bindings::path {
        self.0.raw()
    }
}

impl From<PathRef<'_>> for Path {
    fn from(path: PathRef<'_>) -> Self {
        // SAFETY: Both are held by somebody during the call.
        unsafe { Self::from_borrowed(&path.raw()) }
    }
}

impl<'a> From<&'a Path> for PathRef<'a> {
    fn from(path: &'a Path) -> Self {
        // INVARIANT: A path of C.
        Self {
            mnt: path.mnt(),
            dentry: path.dentry(),
        }
    }
}
