// SPDX-License-Identifier: GPL-2.0-only

//! The operations of inodes, files and dentries, as the VFS calls them.

pub mod acl;
pub mod dentry;
pub mod dir;
pub mod file;
pub mod inode;
pub mod ioctl;
pub mod ranges;
pub mod readdir;
pub mod real_file;
pub mod xattr;
