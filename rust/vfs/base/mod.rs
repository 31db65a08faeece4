// SPDX-License-Identifier: GPL-2.0-only

//! What everything here stands on, none of it an object of the VFS.

pub(in crate::vfs) mod callback;
pub(in crate::vfs) mod compat;
pub mod errno;
pub mod file_system;
pub mod kthread;
pub mod mutex;
pub mod once;
pub mod printk;
pub mod seq_show;
pub mod task_work;
pub mod types;
pub mod work;
