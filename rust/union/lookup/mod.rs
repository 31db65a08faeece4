// SPDX-License-Identifier: GPL-2.0-only

//! From names to inodes.

pub mod by_name;
pub mod data;
pub mod iget;
