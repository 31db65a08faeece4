// SPDX-License-Identifier: GPL-2.0-only

//! Cached directories: fallthru sets and views, kept in memory and on the disk.

pub mod cached;
pub mod dir_cache;
pub mod reclaim;
pub mod record;
pub mod record_file;
pub mod scan;
pub mod slot;
