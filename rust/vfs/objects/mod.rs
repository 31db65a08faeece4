// SPDX-License-Identifier: GPL-2.0-only

//! The objects of the VFS. Their files need each other, as the headers of C do.

pub mod dentry;
pub mod inode;
pub mod inode_data;
pub mod inode_lock;
pub mod mount;
pub mod path;
pub mod super_block;
