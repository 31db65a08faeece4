// SPDX-License-Identifier: GPL-2.0-only
//! The scenarios, each a public function, in a file for each family of calls; `build.rs` finds them.

include!(concat!(env!("OUT_DIR"), "/cases.rs"));
