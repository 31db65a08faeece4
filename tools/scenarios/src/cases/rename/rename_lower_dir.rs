// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a lower directory moves, as mv does it",
    setup: |b| {
        b.file("d/f", "text");
        b.file("d/sub/g", "text").mode(0o600);
        b.dir("e");
    },
    steps: |r| {
        r.mv_dir("d", "moved");
        r.cat("moved/f");
        r.stat("moved/sub/g");
        r.lstat("d");
        r.ls("moved");
        r.mv_dir("moved", "e/again");
        r.ls("e/again/sub");
        r.mkdir("d");
        r.ls("d");
    },
    ..Scenario::DEFAULT
};
