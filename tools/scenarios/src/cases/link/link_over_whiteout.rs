// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a link takes a deleted name",
    setup: |b| {
        b.file("f", "text");
        b.file("gone", "old");
    },
    steps: |r| {
        r.unlink("gone");
        r.link("f", "gone");
        r.cat("gone");
        r.stat("gone");
        r.unlink("f");
        r.stat("gone");
    },
    layers: Some(|l| l.in_upper("gone")),
    ..Scenario::DEFAULT
};
