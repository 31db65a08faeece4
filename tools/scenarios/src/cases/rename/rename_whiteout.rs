// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "WHITEOUT hides the old name",
    setup: |b| {
        b.file("f", "text");
    },
    steps: |r| {
        r.rename2("f", "g", RENAME_WHITEOUT);
        r.cat("g");
        r.lstat("f");
    },
    allow: &[
        Allow {
            line: "lstat(\"f\")",
            why: "a whiteout is invisible through a union",
        },
        Allow {
            line: "walk f",
            why: "a whiteout is invisible through a union",
        },
    ],
    ..Scenario::DEFAULT
};
