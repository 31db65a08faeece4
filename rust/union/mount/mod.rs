// SPDX-License-Identifier: GPL-2.0-only

//! Mounting, the super block, and what it shows of itself.

pub mod check;
pub mod context;
pub mod dirs;
pub mod open;
pub mod options;
pub mod share;
pub mod show;
pub mod super_ops;
pub mod uuid;
pub mod workdir;
