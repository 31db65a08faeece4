// SPDX-License-Identifier: GPL-2.0-only
//! The checks, each a public function, in a file for each subject; `build.rs` finds them.

include!(concat!(env!("OUT_DIR"), "/checks.rs"));
