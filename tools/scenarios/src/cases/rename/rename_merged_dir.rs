// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a merged directory moves, as mv does it",
    setup: |b| {
        b.lower(1).file("d/a", "a");
        b.lower(0).file("d/b", "b");
        b.upper().file("d/c", "c");
    },
    steps: |r| {
        r.unlink("d/a");
        r.mv_dir("d", "e");
        r.ls("e");
        r.cat("e/b");
        r.cat("e/a");
        r.lstat("d");
        r.mkdir("d");
        r.ls("d");
    },
    ..Scenario::DEFAULT
};
