// SPDX-License-Identifier: GPL-2.0-only

//! File system types.
//!
//! C: `struct file_system_type`.

use core::ffi::CStr;

/// `FS_*` flags.
pub mod flags {
    pub use crate::bindings::{FS_ALLOW_IDMAP, FS_USERNS_MOUNT};
}

/// A file system type.
pub trait FileSystem: Sized + Send + Sync + 'static {
    /// The name, as in `/proc/filesystems`.
    const NAME: &'static CStr;

    /// `FS_*` flags, without `FS_ALLOW_IDMAP`, which this layer does not support.
    const FLAGS: u32;

    /// `SB_*` flags that the file system ignores: a mount with them succeeds, but neither the super
    /// block nor `/proc/mounts` shows them.
    const OTHERS_FLAGS: u32 = 0;

    /// The name of the inode cache, as in `/proc/slabinfo`.
    const INODE_CACHE: &'static CStr;

    /// What each inode carries. Dropped when the inode is destroyed, in a context that may sleep.
    type InodeData: Send + Sync + 'static;

    /// The data of a super block (`s_fs_info`).
    type SuperData: Send + Sync;

    /// What walks under RCU may look at of a super block: a part of its own, for such walks may come
    /// upon it when the data are given up already.
    type WalkData: Send + Sync;
}
