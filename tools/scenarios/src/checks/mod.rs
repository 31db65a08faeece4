// SPDX-License-Identifier: GPL-2.0-only
//! The checks, one per file.

use crate::scenario::Check;

/// Every check.
pub const ALL: &[Check] = &[];
