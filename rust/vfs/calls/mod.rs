// SPDX-License-Identifier: GPL-2.0-only

//! What a file system calls.

pub mod acl;
pub mod attr;
pub mod backing_file;
pub mod cred;
pub mod data_errors;
pub mod dir_context;
pub mod file;
pub mod fileattr;
pub mod held_name;
pub mod namei;
pub mod open_file;
pub mod rcu;
pub mod splice;
pub mod stack;
pub mod statfs;
pub mod user;
pub mod verity;
pub mod write;
pub mod xattr;
