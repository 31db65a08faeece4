// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "deleting one name of a lower file leaves the other",
    setup: |b| {
        b.file("a", "text");
        b.link("b", "a");
    },
    steps: |r| {
        r.unlink("a");
        r.cat("b");
        r.ls(".");
    },
    layers: Some(|l| l.whiteout("a")),
    allow: &[Allow {
        line: "walk b",
        why: "the link count of lower files counts deleted names too",
    }],
    ..Scenario::DEFAULT
};
