// SPDX-License-Identifier: GPL-2.0-only
//! The scenarios, one a file, in a folder for each kind of call; `build.rs` finds them.

include!(concat!(env!("OUT_DIR"), "/cases.rs"));
