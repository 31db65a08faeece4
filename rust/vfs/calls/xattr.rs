// SPDX-License-Identifier: GPL-2.0-only

//! Extended attributes.
//!
//! C: `fs/xattr.c`. Private values go through the `vfs_*` calls, never
//! through the `__vfs_*_noperm` ones, so that ids are converted and the LSMs are asked.

use crate::bindings;
use crate::vfs::{
    dentry::Dentry,
    errno::{ENODATA, EOPNOTSUPP},
    inode_lock::ExclusiveLock,
    path::PathRef,
    task_work,
    write::Changing,
};
use core::{ffi::CStr, marker::PhantomData};
use kernel::{error::to_result, prelude::*};

/// The largest value, in bytes.
pub const SIZE_MAX: usize = bindings::XATTR_SIZE_MAX as usize;

/// The largest list of names, in bytes.
pub const LIST_MAX: usize = bindings::XATTR_LIST_MAX as usize;

/// `ENODATA`: there is no such attribute. A value, not a failure, for most callers.
pub fn is_absent(e: Error) -> bool {
    e == ENODATA || e == EOPNOTSUPP
}

/// Whether the credentials in force may set or remove an attribute `security.*` of a file of
/// `dentry`'s file system, as far as the kernel's own rules go (`cap_inode_setxattr()`): labels of
/// security modules and capabilities have rules of their own.
pub fn may_change_security(dentry: &Dentry, name: &CStr) -> bool {
    let Some(suffix) = name.to_bytes_with_nul().strip_prefix(b"security.") else {
        return true;
    };
    if suffix == b"capability\0" {
        return true;
    }
    // SAFETY: The suffix ends with the NUL of the name; the dentry keeps its super block alive.
    unsafe {
        bindings::security_ismaclabel(suffix.as_ptr().cast()) != 0
            || bindings::sb_may_admin(dentry.sb_ptr())
    }
}

/// Where something is to go that a caller asks for, or that he asks for its length alone. The memory
/// may be uninitialised: it can only be written to.
pub struct Buffer<'a> {
    /// NULL: the length alone.
    ptr: *mut u8,
    len: usize,
    _memory: PhantomData<&'a mut [u8]>,
}

impl Buffer<'_> {
    /// # Safety
    ///
    /// `ptr` must be NULL, or have `len` bytes that are the caller's for the lifetime.
    pub(in crate::vfs) unsafe fn from_raw(ptr: *mut u8, len: usize) -> Self {
        // Not every file system takes a length without memory for a question.
        let (ptr, len) = match ptr.is_null() || len == 0 {
            true => (core::ptr::null_mut(), 0),
            false => (ptr, len),
        };
        Self {
            ptr,
            len,
            _memory: PhantomData,
        }
    }

    /// Puts `value` there, and returns its length.
    ///
    /// # Errors
    ///
    /// `ERANGE` if the buffer is too small.
    pub fn fill(self, value: &[u8]) -> Result<usize> {
        if !self.ptr.is_null() {
            if value.len() > self.len {
                return Err(ERANGE);
            }
            // SAFETY: The memory has so many bytes, and is this value's alone.
            unsafe { core::ptr::copy_nonoverlapping(value.as_ptr(), self.ptr, value.len()) };
        }
        Ok(value.len())
    }
}

/// An empty one asks for the length.
impl<'a> From<&'a mut [u8]> for Buffer<'a> {
    fn from(bytes: &'a mut [u8]) -> Self {
        // SAFETY: The bytes are borrowed for the lifetime.
        unsafe { Self::from_raw(bytes.as_mut_ptr(), bytes.len()) }
    }
}

/// An empty one asks for the length.
impl<'a, const N: usize> From<&'a mut [u8; N]> for Buffer<'a> {
    fn from(bytes: &'a mut [u8; N]) -> Self {
        bytes.as_mut_slice().into()
    }
}

/// Reads a value into `buf` (`vfs_getxattr()`); or only tells the length.
///
/// # Errors
///
/// `ENODATA`, `EOPNOTSUPP`; `ERANGE` if the buffer is too small.
pub fn get<'a>(path: PathRef<'_>, name: &CStr, buf: impl Into<Buffer<'a>>) -> Result<usize> {
    let buf = buf.into();
    // SAFETY: All are valid; the length is that of the buffer.
    let len = unsafe {
        bindings::vfs_getxattr(
            path.mnt().idmap().as_ptr(),
            path.dentry().as_ptr(),
            name.as_char_ptr(),
            buf.ptr.cast(),
            buf.len,
        )
    };
    length(len)
}

/// Reads a value of any length.
pub fn get_alloc(path: PathRef<'_>, name: &CStr) -> Result<KVVec<u8>> {
    grow(SIZE_MAX, |buf| get(path, name, buf))
}

/// Lists the names, each with its NUL, into `buf` (`vfs_listxattr()`), or only tells the length.
pub fn list<'a>(dentry: &Dentry, buf: impl Into<Buffer<'a>>) -> Result<usize> {
    let buf = buf.into();
    // SAFETY: All are valid; the length is that of the buffer.
    let len = unsafe { bindings::vfs_listxattr(dentry.as_ptr(), buf.ptr.cast(), buf.len) };
    length(len)
}

/// Lists names of any total length.
pub fn list_alloc(dentry: &Dentry) -> Result<KVVec<u8>> {
    grow(LIST_MAX, |buf| list(dentry, buf))
}

/// Sets a value (`vfs_setxattr()`). `flags`: 0, `XATTR_CREATE` or `XATTR_REPLACE`.
pub fn set(object: Changing<'_>, name: &CStr, value: &[u8], flags: i32) -> Result {
    // SAFETY: All are valid; the length is that of the value. The call takes the inode's lock.
    to_result(unsafe {
        bindings::vfs_setxattr(
            object.mnt().idmap().as_ptr(),
            object.dentry().as_ptr(),
            name.as_char_ptr(),
            value.as_ptr().cast(),
            value.len(),
            flags,
        )
    })
}

/// Removes a value (`vfs_removexattr()`).
pub fn remove(object: Changing<'_>, name: &CStr) -> Result {
    // SAFETY: All are valid. The call takes the inode's lock.
    to_result(unsafe {
        bindings::vfs_removexattr(
            object.mnt().idmap().as_ptr(),
            object.dentry().as_ptr(),
            name.as_char_ptr(),
        )
    })
}

fn try_lock(object: &Dentry) -> Result<ExclusiveLock<'_>> {
    object.inode().ok_or(ENOENT)?.try_lock().ok_or(EAGAIN)
}

/// As [`set`], of a private attribute, if nobody has locked the inode (`__vfs_setxattr_locked()`).
///
/// # Errors
///
/// `EAGAIN` if somebody has; those of [`set`].
pub fn try_set(object: Changing<'_>, name: &CStr, value: &[u8], flags: i32) -> Result {
    let _lock = try_lock(object.dentry())?;
    // SAFETY: All are valid; the length is that of the value; the lock is held. Without a place for the inode nobody
    // waits for the end of a delegation.
    to_result(unsafe {
        bindings::__vfs_setxattr_locked(
            object.mnt().idmap().as_ptr(),
            object.dentry().as_ptr(),
            name.as_char_ptr(),
            value.as_ptr().cast(),
            value.len(),
            flags,
            core::ptr::null_mut(),
        )
    })
}

/// As [`remove`], in the same way (`__vfs_removexattr_locked()`).
///
/// # Errors
///
/// `EAGAIN` if somebody has locked the inode; those of [`remove`].
pub fn try_remove(object: Changing<'_>, name: &CStr) -> Result {
    let _lock = try_lock(object.dentry())?;
    // SAFETY: As above.
    to_result(unsafe {
        bindings::__vfs_removexattr_locked(
            object.mnt().idmap().as_ptr(),
            object.dentry().as_ptr(),
            name.as_char_ptr(),
            core::ptr::null_mut(),
        )
    })
}

/// Names of a list as [`list`] gives it.
pub fn names(list: &[u8]) -> impl Iterator<Item = &CStr> {
    list.split_inclusive(|&b| b == 0)
        .filter_map(|name| CStr::from_bytes_with_nul(name).ok())
}

/// Whether the caller may see names of `trusted.*` (`CAP_SYS_ADMIN` in the initial namespace).
pub fn caller_may_list_trusted() -> bool {
    // SAFETY: No preconditions.
    unsafe { bindings::capable_noaudit(bindings::CAP_SYS_ADMIN as i32) }
}

/// Whether the security modules let an attribute be copied up
/// (`security_inode_copy_up_xattr()`).
pub fn may_copy_up(source: &Dentry, name: &CStr) -> Result<bool> {
    // SAFETY: All are valid.
    let ret = unsafe { bindings::security_copy_up_xattr(source.as_ptr(), name.as_char_ptr()) };
    match ret {
        0 => Ok(true),
        e if e == -(bindings::ECANCELED as i32) => Ok(false),
        e if e == -(bindings::EOPNOTSUPP as i32) => Ok(true),
        e => Err(Error::from_errno(e)),
    }
}

fn length(ret: isize) -> Result<usize> {
    usize::try_from(ret).map_err(|_| Error::from_errno(ret as i32))
}

/// Reads something whose length may change between the question and the answer.
fn grow(max: usize, mut read: impl FnMut(&mut [u8]) -> Result<usize>) -> Result<KVVec<u8>> {
    loop {
        task_work::go_on()?;
        let len = read(&mut [])?;
        if len == 0 {
            return Ok(KVVec::new());
        }
        let mut buf = KVVec::from_elem(0u8, len.min(max), GFP_KERNEL)?;
        match read(&mut buf) {
            Ok(len) => {
                buf.truncate(len);
                return Ok(buf);
            }
            Err(e) if e == ERANGE && buf.len() < max => continue,
            Err(e) => return Err(e),
        }
    }
}
