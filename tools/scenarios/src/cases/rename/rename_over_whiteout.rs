// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a rename takes a deleted name",
    setup: |b| {
        b.file("f", "text");
        b.file("gone", "old");
        b.dir("d");
    },
    steps: |r| {
        r.unlink("gone");
        r.rename("f", "gone");
        r.cat("gone");
        r.unlink("gone");
        r.mkdir("new");
        r.rename("new", "gone");
        r.ls("gone");
        r.ls(".");
    },
    layers: Some(|l| l.in_upper("gone")),
    ..Scenario::DEFAULT
};
