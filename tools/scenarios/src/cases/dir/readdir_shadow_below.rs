// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a file in the middle ends the merge",
    setup: |b| {
        b.lower(2).file("d/bottom", "bottom");
        b.lower(1).file("d", "a file");
        b.lower(0).file("d/top", "top");
    },
    steps: |r| {
        r.ls("d");
        r.stat("d/bottom");
        r.unlink("d/top");
        r.rmdir("d");
        r.lstat("d");
    },
    layers: Some(|l| l.whiteout("d")),
    ..Scenario::DEFAULT
};
