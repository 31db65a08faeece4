// SPDX-License-Identifier: GPL-2.0-only

//! Registration and mounting; super blocks and inodes in the making.

pub mod fs_context;
pub mod new_inode;
pub mod new_super;
pub mod registration;
