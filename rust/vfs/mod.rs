// SPDX-License-Identifier: GPL-2.0-only

//! Safe abstractions over the VFS: what a file system written in Rust stands on.
//!
//! One file per C concept, C's names, every argument of a C callback passed on. Nothing here knows
//! what the file system above does with it.
//!
//! To write a file system:
//!
//! 1. implement [`file_system::FileSystem`] (its name, the data of a super block and of an inode)
//!    and [`super_block::SuperOperations`];
//! 2. implement [`fs_context::Context`], which takes the options and fills the super block;
//! 3. implement the operation traits of [`inode_ops`] and [`file_ops`] for one type per kind of
//!    inode, and choose among them when an inode is made ([`new_inode::New`]);
//! 4. keep a [`file_system::Registration`] as the *last* thing the module initialises.
//!
//! `samples/passfs.rs` is the smallest complete example.
//!
//! `unsafe` lives in this folder alone. `Documentation/vfs-map.rst` ties each item to its C symbol
//! and to the rule its callers rely on.

pub mod acl;
pub mod attr;
pub mod backing_file;
mod compat;
pub mod cred;
pub mod dentry;
pub mod dentry_ops;
pub mod dir_context;
pub mod errno;
pub mod file;
pub mod file_ops;
pub mod file_system;
pub mod fileattr;
pub mod fs_context;
pub mod inode;
pub mod inode_data;
pub mod inode_lock;
pub mod inode_ops;
pub mod inode_tables;
pub mod kthread;
pub mod mount;
pub mod mutex;
pub mod namei;
pub mod new_inode;
pub mod once;
pub mod path;
pub mod printk;
pub mod seq_show;
pub mod splice;
pub mod stack;
pub mod statfs;
pub mod super_block;
pub mod task_work;
pub mod tmpfile;
pub mod types;
pub mod user;
pub mod work;
pub mod write;
pub mod xattr;
