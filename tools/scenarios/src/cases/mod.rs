// SPDX-License-Identifier: GPL-2.0-only
//! The scenarios, one per file.

use crate::scenario::Scenario;

mod chmod_lower;

/// Every scenario.
pub const ALL: &[Scenario] = &[chmod_lower::SCENARIO];
