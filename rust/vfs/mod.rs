// SPDX-License-Identifier: GPL-2.0-only

//! Safe abstractions over the VFS, for file systems written in Rust.
//!
//! One file per C concept, with C's names; every argument of a C callback is passed on. Nothing
//! here depends on the file system above. Each folder needs only those before it:
//!
//! - `base`: errors, names, threads, the name of a file system type;
//! - `objects`: inodes, dentries, super blocks, mounts, paths;
//! - `calls`: what a file system calls;
//! - `ops`: the traits that it implements, and the tables by which the kernel calls them;
//! - `setup`: registration and mounting, super blocks and inodes in the making.
//!
//! To write a file system:
//!
//! 1. implement [`file_system::FileSystem`] (its name, the data of a super block and of an inode)
//!    and [`super_ops::SuperOperations`];
//! 2. implement [`fs_context::Context`], which takes the options and fills the super block;
//! 3. implement the operation traits of [`inode_ops`] and [`file_ops`], and say in
//!    [`inode_kinds::InodeKinds`] which kind of inode has which;
//! 4. keep a [`registration::Registration`] as the *last* thing the module initialises.
//!
//! `samples/passfs.rs` is the smallest complete example.
//!
//! `unsafe` is used only in this folder. `Documentation/vfs-map.rst` ties each item to its C symbol
//! and to the rule its callers rely on.

mod base;
mod calls;
mod misuse;
mod objects;
mod ops;
mod setup;

use base::{callback, compat};
pub use base::{
    errno, file_system, kthread, mutex, once, printk, seq_show, task_work, types, work,
};
pub use calls::{
    acl, attr, backing_file, cred, data_errors, dir_context, file, fileattr, held_name, namei,
    open_file, rcu, splice, stack, statfs, user, verity, write, xattr,
};
pub use objects::{dentry, inode, inode_data, inode_lock, mount, path, super_block};
pub use ops::{dentry_ops, file_ops, inode_kinds, inode_ops, super_ops, tmpfile, xattr_ops};
use ops::{inode_cache, inode_tables};
pub use setup::{fs_context, new_inode, new_super, registration};
