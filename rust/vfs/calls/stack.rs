// SPDX-License-Identifier: GPL-2.0-only

//! Attributes of a stacked inode, copied from the inode behind it.
//!
//! C: the pattern of `include/linux/fs_stack.h`, with id maps.

use crate::bindings;
use crate::vfs::{
    file_system::FileSystem,
    inode::{Inode, OwnInode},
    mount::Mount,
    types::Protection,
};

/// Inode flags a stacked inode shows as its own.
const COPIED_FLAGS: u32 =
    bindings::S_SYNC | bindings::S_NOATIME | bindings::S_APPEND | bindings::S_IMMUTABLE;

/// Brings mode, owner, times, size and blocks of `inode` up to date with `real`.
pub fn copy_attr<T: FileSystem>(inode: &OwnInode<T>, mnt: &Mount, real: &Inode) {
    copy_all(inode, mnt, real);
}

pub(in crate::vfs) fn copy_all(inode: &Inode, mnt: &Mount, real: &Inode) {
    // SAFETY: All are alive. The helper takes i_lock of `inode`, so that of two concurrent copies
    // the later reads the newer values and stays.
    unsafe {
        bindings::inode_copy_attr(inode.as_ptr(), mnt.idmap().as_ptr(), real.as_ptr());
    }
}

/// Brings the size and blocks of `inode` up to date with `real`, which has its data.
pub fn copy_size<T: FileSystem>(inode: &OwnInode<T>, real: &Inode) {
    copy_data_size(inode, real);
}

pub(in crate::vfs) fn copy_data_size(inode: &Inode, real: &Inode) {
    // SAFETY: Both are alive. The helper takes i_lock of `inode`.
    unsafe { bindings::inode_copy_size(inode.as_ptr(), real.as_ptr()) };
}

/// Takes over the inode flags (immutable, append-only ...) of `real`.
pub fn copy_flags<T: FileSystem>(inode: &OwnInode<T>, real: &Inode) {
    copy_all_flags(inode, real);
}

pub(in crate::vfs) fn copy_all_flags(inode: &Inode, real: &Inode) {
    // SAFETY: Both are alive; the helper sets the flags atomically.
    unsafe { bindings::inode_copy_flags(inode.as_ptr(), real.as_ptr(), COPIED_FLAGS) };
}

/// The protection flags of an inode.
pub fn protection<T: FileSystem>(inode: &OwnInode<T>) -> Protection {
    // SAFETY: The inode is alive; a racing read of one word, as C does.
    let flags = unsafe { (&raw const (*inode.as_ptr()).i_flags).read_volatile() };
    Protection {
        immutable: flags & bindings::S_IMMUTABLE != 0,
        append: flags & bindings::S_APPEND != 0,
    }
}

/// Sets and clears the protection flags of an inode.
pub fn set_protection<T: FileSystem>(inode: &OwnInode<T>, protection: Protection) {
    let flags = protection.inode_flags();
    // SAFETY: The inode is alive; the flags are set atomically.
    unsafe { bindings::inode_set_flags(inode.as_ptr(), flags, Protection::BOTH) };
}

/// Copies modification and change time if they differ from those of `real`: writes through a
/// mapping change only `real`.
pub fn refresh_times<T: FileSystem>(inode: &OwnInode<T>, real: &Inode) {
    // SAFETY: Both are alive.
    unsafe { bindings::inode_refresh_times(inode.as_ptr(), real.as_ptr()) };
}

/// Copies only the access time.
pub fn copy_atime<T: FileSystem>(inode: &OwnInode<T>, real: &Inode) {
    // SAFETY: Both are alive.
    unsafe { bindings::inode_copy_atime(inode.as_ptr(), real.as_ptr()) };
}
