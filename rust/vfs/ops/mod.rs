// SPDX-License-Identifier: GPL-2.0-only

//! What a file system implements, and the tables by which the kernel calls it.

pub mod dentry_ops;
pub mod file_ops;
pub(in crate::vfs) mod inode_cache;
pub mod inode_kinds;
pub mod inode_ops;
pub(in crate::vfs) mod inode_tables;
pub mod super_ops;
pub mod tmpfile;
pub mod xattr_ops;
