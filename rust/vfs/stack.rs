// SPDX-License-Identifier: GPL-2.0-only

//! Attributes of a stacked inode, copied from the inode behind it.
//!
//! C: the pattern of `include/linux/fs_stack.h`, with id maps.

use super::{
    file_system::FileSystem,
    inode::{INode, Inode, New},
    mount::Mount,
};
use crate::bindings;

/// Inode flags a stacked inode shows as its own.
const COPIED_FLAGS: u32 =
    bindings::S_SYNC | bindings::S_NOATIME | bindings::S_APPEND | bindings::S_IMMUTABLE;

/// Sets the inode number aside, all attributes of a new inode from `real` as seen through `mnt`.
pub fn init_from<T: FileSystem>(new: &mut New<T>, mnt: &Mount, real: &Inode) {
    copy_all(new.as_inode(), mnt, real);
    // SAFETY: Both are alive; the new inode is not published.
    unsafe {
        bindings::set_nlink(new.as_inode().as_ptr(), real.nlink());
        bindings::inode_copy_rdev(new.as_inode().as_ptr(), real.as_ptr());
        bindings::inode_copy_flags(new.as_inode().as_ptr(), real.as_ptr(), COPIED_FLAGS);
    }
}

/// Brings mode, owner, times, size and blocks of `inode` up to date with `real`.
pub fn copy_attr<T: FileSystem>(inode: &INode<T>, mnt: &Mount, real: &Inode) {
    copy_all(inode, mnt, real);
}

fn copy_all(inode: &Inode, mnt: &Mount, real: &Inode) {
    // SAFETY: All are alive. The helper takes i_lock of `inode`, so that of two concurrent copies
    // the later reads the newer values and stays.
    unsafe {
        bindings::inode_copy_attr(inode.as_ptr(), mnt.idmap().as_ptr(), real.as_ptr());
    }
}

/// Takes over the inode flags (immutable, append-only ...) of `real`.
pub fn copy_flags<T: FileSystem>(inode: &INode<T>, real: &Inode) {
    // SAFETY: Both are alive; the helper sets the flags atomically.
    unsafe { bindings::inode_copy_flags(inode.as_ptr(), real.as_ptr(), COPIED_FLAGS) };
}

/// Takes over access time alone.
pub fn copy_atime<T: FileSystem>(inode: &INode<T>, real: &Inode) {
    // SAFETY: Both are alive.
    unsafe { bindings::inode_copy_atime(inode.as_ptr(), real.as_ptr()) };
}
