// SPDX-License-Identifier: GPL-2.0-only

//! Cached directories: fallthru sets and views, read from the layers, recorded and kept current.

pub mod dir_cache;
pub mod record;
pub mod scan;
