// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "writing to a file does not touch its directory",
    setup: |b| {
        b.dir("d").mtime(1_000_000_009, 9);
        b.file("d/f", "text");
        b.dir("e").mtime(1_000_000_009, 9);
    },
    steps: |r| {
        r.put("d/f", O_WRONLY, "TEXT");
        r.stat("d");
        r.put("e/new", O_WRONLY | O_CREAT, "x");
        r.stat("e");
    },
    ..Scenario::DEFAULT
};
