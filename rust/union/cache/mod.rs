// SPDX-License-Identifier: GPL-2.0-only

//! Where the contents of directories are kept: in memory and in a file. Nothing here knows a union.

pub mod cached;
pub mod reclaim;
pub mod record_file;
pub mod slot;
