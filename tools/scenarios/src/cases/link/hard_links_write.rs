// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a change through one name of a lower file",
    setup: |b| {
        b.file("a", "text");
        b.link("b", "a");
    },
    steps: |r| {
        r.put("a", O_WRONLY, "T");
        r.cat("a");
        r.cat("b");
        r.stat("b");
        r.unlink("a");
        r.cat("b");
    },
    allow: &[
        Allow {
            line: "\"b\"",
            why: "without an index the names of a lower file part when it is copied up",
        },
        Allow {
            line: "walk b",
            why: "without an index the names of a lower file part when it is copied up",
        },
    ],
    not_overlay: Some("without an index the names of a lower file part when it is copied up"),
    ..Scenario::DEFAULT
};
