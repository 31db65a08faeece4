// SPDX-License-Identifier: GPL-2.0-only
//! The checks, one a file; `build.rs` finds them.

include!(concat!(env!("OUT_DIR"), "/checks.rs"));
