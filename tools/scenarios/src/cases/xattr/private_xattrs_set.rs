// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "marks of a union cannot be forged through it",
    setup: |b| {
        b.file("d/f", "below");
    },
    steps: |r| {
        r.setxattr("d", "trusted.overlay.opaque", "y");
        r.ls("d");
        r.cat("d/f");
        r.setxattr("d/f", "trusted.overlay.metacopy", "");
        r.cat("d/f");
    },
    ..Scenario::DEFAULT
};
