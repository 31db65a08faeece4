// SPDX-License-Identifier: GPL-2.0-only

//! Write access to a mount.
//!
//! C: `mnt_want_write()`, `mnt_drop_write()`, `sb_start_write_trylock()`, `get_write_access()`.

use crate::bindings;
use crate::vfs::{dentry::Dentry, inode::Inode, mount::Mount, path::PathRef, types::TaskLocal};
use core::{marker::PhantomData, ptr::NonNull};
use kernel::{error::to_result, prelude::*};

/// The right to write through a mount. While it is held the file system cannot be frozen or made
/// read-only.
///
/// Order: before the locks of directories and inodes of that file system; never twice for one file
/// system in one task.
pub struct WriteAccess<'a> {
    mnt: &'a Mount,
    _task: TaskLocal,
}

impl<'a> WriteAccess<'a> {
    /// Waits while the file system is frozen.
    ///
    /// # Errors
    ///
    /// `EROFS`.
    pub fn want(mnt: &'a Mount) -> Result<Self> {
        // SAFETY: The mount is alive; may sleep.
        to_result(unsafe { bindings::mnt_want_write(mnt.as_ptr()) })?;
        Ok(Self {
            mnt,
            _task: PhantomData,
        })
    }

    /// The same without waiting, for optional work.
    ///
    /// # Errors
    ///
    /// `EAGAIN` if the file system is frozen, or is about to be; `EROFS`.
    pub fn try_want(mnt: &'a Mount) -> Result<Self> {
        // SAFETY: The mount is alive, and its super block with it. Both halves are those of
        // `mnt_want_write()`; the first is undone if the second fails.
        unsafe {
            let sb = (*mnt.as_ptr()).mnt_sb;
            if !bindings::sb_start_write_trylock(sb) {
                return Err(EAGAIN);
            }
            if let Err(e) = to_result(bindings::mnt_get_write_access(mnt.as_ptr())) {
                bindings::sb_end_write(sb);
                return Err(e);
            }
        }
        Ok(Self {
            mnt,
            _task: PhantomData,
        })
    }

    /// The mount.
    pub fn mnt(&self) -> &'a Mount {
        self.mnt
    }

    /// An object, to change it.
    ///
    /// # Errors
    ///
    /// `EXDEV` if it lies on another file system.
    pub fn on<'b>(&'b self, dentry: &'b Dentry) -> Result<Changing<'b>> {
        Ok(Changing {
            path: self.mnt.at(dentry)?,
            _write: PhantomData,
        })
    }
}

/// A mount that stays writable: as by a file that is open for writing, it cannot be made read-only, nor can its file
/// system. Freezing is not prevented.
///
/// # Invariants
///
/// The pointer is a mount of which one reference and one write access are owned.
pub struct StaysWritable(NonNull<bindings::vfsmount>);

// SAFETY: References to mounts, and the right to write to them, belong to no task.
unsafe impl Send for StaysWritable {}
// SAFETY: It has no methods.
unsafe impl Sync for StaysWritable {}

impl StaysWritable {
    /// It waits while somebody makes the mount read-only, which is short.
    ///
    /// # Errors
    ///
    /// `EROFS`.
    pub fn get(mnt: &Mount) -> Result<Self> {
        // SAFETY: The mount is alive; may sleep.
        to_result(unsafe { bindings::mnt_get_write_access(mnt.as_ptr()) })?;
        // SAFETY: As above; a mount on loan is never NULL.
        // INVARIANT: Both are owned from here on.
        Ok(Self(unsafe {
            NonNull::new_unchecked(bindings::mntget(mnt.as_ptr()))
        }))
    }
}

impl Drop for StaysWritable {
    fn drop(&mut self) {
        // SAFETY: By the invariant both are owned, and given up here.
        unsafe {
            bindings::mnt_put_write_access(self.0.as_ptr());
            bindings::mntput(self.0.as_ptr());
        }
    }
}

/// An object of a file system that this task has write access to. Only such a one can be changed.
#[derive(Clone, Copy)]
pub struct Changing<'a> {
    path: PathRef<'a>,
    _write: PhantomData<&'a WriteAccess<'a>>,
}

impl<'a> core::ops::Deref for Changing<'a> {
    type Target = PathRef<'a>;

    fn deref(&self) -> &PathRef<'a> {
        &self.path
    }
}

impl Drop for WriteAccess<'_> {
    fn drop(&mut self) {
        // SAFETY: Pairs with `mnt_want_write()`.
        unsafe { bindings::mnt_drop_write(self.mnt.as_ptr()) };
    }
}

/// A file that is being written to and so may not be executed (`get_write_access()`).
pub(in crate::vfs) struct InodeWriteAccess<'a> {
    inode: &'a Inode,
}

impl<'a> InodeWriteAccess<'a> {
    /// # Errors
    ///
    /// `ETXTBSY` if the file is being executed.
    pub(in crate::vfs) fn get(inode: &'a Inode) -> Result<Self> {
        // SAFETY: The inode is alive.
        to_result(unsafe { bindings::get_write_access(inode.as_ptr()) })?;
        Ok(Self { inode })
    }
}

impl Drop for InodeWriteAccess<'_> {
    fn drop(&mut self) {
        // SAFETY: Pairs with `get_write_access()`.
        unsafe { bindings::put_write_access(self.inode.as_ptr()) };
    }
}
