// SPDX-License-Identifier: GPL-2.0-only

//! File attributes of `chattr(1)` (`struct file_kattr`).
//!
//! C: `include/linux/fileattr.h`, `fs/file_attr.c`.

use crate::bindings;
use crate::vfs::{
    errno::EOPNOTSUPP,
    file::{flags, BackedFile},
    inode::Inode,
    path::PathRef,
    types::Protection,
    write::Changing,
};
use kernel::{error::to_result, prelude::*};

/// `struct file_kattr`: the flags of `FS_IOC_GETFLAGS` and `FS_IOC_FSGETXATTR`.
#[repr(transparent)]
pub struct FileKattr(bindings::file_kattr);

impl FileKattr {
    /// # Safety
    ///
    /// `ptr` must be valid and the caller's alone for `'a`.
    pub(in crate::vfs) unsafe fn from_raw<'a>(
        ptr: *mut kernel::bindings::file_kattr,
    ) -> &'a mut Self {
        // SAFETY: By the function's contract; the type is transparent.
        unsafe { &mut *ptr.cast() }
    }

    /// Whether the flags of `FS_IOC_GETFLAGS` count, rather than those of `FS_IOC_FSGETXATTR`.
    fn flags_valid(&self) -> bool {
        // SAFETY: A plain read of a bit field.
        unsafe { bindings::file_kattr_flags_valid(&self.0) }
    }

    /// The protection flags among the flags.
    pub fn protection(&self) -> Protection {
        let has = |flag: u32, xflag: u32| {
            if self.flags_valid() {
                self.0.flags & flag != 0
            } else {
                self.0.fsx_xflags & xflag != 0
            }
        };
        Protection {
            immutable: has(bindings::FS_IMMUTABLE_FL, bindings::FS_XFLAG_IMMUTABLE),
            append: has(bindings::FS_APPEND_FL, bindings::FS_XFLAG_APPEND),
        }
    }

    /// Whether the flags say that a directory ignores the case of letters.
    pub fn folds_case(&self) -> bool {
        self.flags_valid() && self.0.flags & bindings::FS_CASEFOLD_FL != 0
    }

    /// Sets or clears both, in both forms the structure has.
    pub fn set_protection(&mut self, protection: Protection) {
        for (on, flag, xflag) in [
            (
                protection.immutable,
                bindings::FS_IMMUTABLE_FL,
                bindings::FS_XFLAG_IMMUTABLE,
            ),
            (
                protection.append,
                bindings::FS_APPEND_FL,
                bindings::FS_XFLAG_APPEND,
            ),
        ] {
            if on {
                self.0.flags |= flag;
                self.0.fsx_xflags |= xflag;
            } else {
                self.0.flags &= !flag;
                self.0.fsx_xflags &= !xflag;
            }
        }
    }

    /// Takes over whether writes wait for the disk, and whether accesses are recorded, in both forms.
    pub fn take_behaviour(&mut self, from: &Self) {
        let take = |to: &mut u32, from: u32, mask: u32| *to = (*to & !mask) | (from & mask);
        take(
            &mut self.0.flags,
            from.0.flags,
            bindings::FS_SYNC_FL | bindings::FS_NOATIME_FL,
        );
        take(
            &mut self.0.fsx_xflags,
            from.0.fsx_xflags,
            bindings::FS_XFLAG_SYNC | bindings::FS_XFLAG_NOATIME,
        );
    }

    /// The flags of an object, as [`get`](Self::get).
    pub fn of(path: PathRef<'_>) -> Result<Self> {
        let mut this = Self(pin_init::zeroed());
        this.get(path)?;
        Ok(this)
    }

    /// Applies the changes from `before` to `self` of file-system-specific flags to `now`: the
    /// object is now another one, on another file system.
    pub fn rebase(&mut self, before: &Self, now: &Self) {
        let rebase = |wanted: u32, before: u32, now: u32, common: u32| {
            (wanted & common) | ((now ^ wanted ^ before) & !common)
        };
        self.0.flags = rebase(
            self.0.flags,
            before.0.flags,
            now.0.flags,
            bindings::FS_COMMON_FL,
        );
        self.0.fsx_xflags = rebase(
            self.0.fsx_xflags,
            before.0.fsx_xflags,
            now.0.fsx_xflags,
            bindings::FS_XFLAG_COMMON,
        );
    }

    /// Asks the LSMs, which know these calls as ioctls of a file only.
    fn security(&self, path: PathRef<'_>, set: bool) -> Result {
        let file = BackedFile::open(path, flags::O_RDONLY | flags::O_LARGEFILE)?;
        // SAFETY: The file is alive; the helper picks the ioctl's number.
        to_result(unsafe { bindings::security_fileattr(file.as_ptr(), &self.0, set) })
    }

    /// Asks the file system behind a stacked one (`vfs_fileattr_get()`).
    ///
    /// # Errors
    ///
    /// `ENOTTY` if it knows no such flags.
    pub fn get(&mut self, path: PathRef<'_>) -> Result {
        self.security(path, false)?;
        // SAFETY: All are valid.
        let ret = unsafe { bindings::vfs_fileattr_get(path.dentry().as_ptr(), &mut self.0) };
        if ret == -(bindings::ENOIOCTLCMD as i32) {
            return Err(ENOTTY);
        }
        to_result(ret)
    }

    /// Changes the flags there (`vfs_fileattr_set()`).
    pub fn set(&mut self, object: Changing<'_>) -> Result {
        self.security(*object, true)?;
        let idmap = object.mnt().idmap().as_ptr();
        // SAFETY: All are valid.
        let ret =
            unsafe { bindings::vfs_fileattr_set(idmap, object.dentry().as_ptr(), &mut self.0) };
        if ret == -(bindings::ENOIOCTLCMD as i32) {
            return Err(ENOTTY);
        }
        to_result(ret)
    }
}

/// Extents of a foreign file (`->fiemap()`), on loan.
pub struct FiemapInfo {
    info: *mut bindings::fiemap_extent_info,
}

impl FiemapInfo {
    /// # Safety
    ///
    /// `info` must be valid for the call.
    pub(in crate::vfs) unsafe fn from_raw(info: *mut kernel::bindings::fiemap_extent_info) -> Self {
        Self { info: info.cast() }
    }

    /// Whether the file system of `real` has such a call.
    pub fn is_known_to(real: &Inode) -> bool {
        // SAFETY: The inode is alive; `i_op` is never NULL.
        unsafe { (*(*real.as_ptr()).i_op).fiemap.is_some() }
    }

    /// What has to be done before extents of `inode` are added (`fiemap_prep()`). Returns how many bytes
    /// from `start` on are asked for.
    ///
    /// # Errors
    ///
    /// `EBADR` for flags that are not known; `EFBIG`, `EINVAL` for a range that is none.
    pub fn prepare(&self, inode: &Inode, start: u64, len: u64) -> Result<u64> {
        let mut len = len;
        // SAFETY: The inode is alive; the length is ours.
        to_result(unsafe {
            bindings::fiemap_prep(inode.as_ptr(), self.info.cast(), start, &mut len, 0)
        })?;
        Ok(len)
    }

    /// Adds an extent whose place on the disk is not told (`fiemap_fill_next_extent()`). Returns whether
    /// there is room for another.
    ///
    /// # Errors
    ///
    /// `EFAULT`.
    pub fn add(&self, start: u64, len: u64, is_last: bool) -> Result<bool> {
        let last = if is_last {
            bindings::FIEMAP_EXTENT_LAST
        } else {
            0
        };
        let flags = bindings::FIEMAP_EXTENT_UNKNOWN | last;
        // SAFETY: Valid for the call.
        let filled =
            unsafe { bindings::fiemap_fill_next_extent(self.info.cast(), start, 0, len, flags) };
        to_result(filled.min(0))?;
        Ok(filled == 0)
    }

    /// Asks the file system behind a stacked one.
    ///
    /// # Errors
    ///
    /// `EOPNOTSUPP` if it has no such call.
    pub fn ask(&self, real: &Inode, start: u64, len: u64) -> Result {
        // SAFETY: The inode is alive; `i_op` is never NULL.
        unsafe {
            match (*(*real.as_ptr()).i_op).fiemap {
                Some(fiemap) => to_result(fiemap(real.as_ptr(), self.info.cast(), start, len)),
                None => Err(EOPNOTSUPP),
            }
        }
    }
}
