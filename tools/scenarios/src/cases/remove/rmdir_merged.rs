// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a merged directory goes with the whiteouts in it",
    setup: |b| {
        b.lower(1).file("d/a", "a");
        b.file("d/b", "b");
        b.dir("d/sub");
        b.lower(0).file("d/c", "c");
        b.upper().file("d/top", "t");
    },
    steps: |r| {
        r.rmdir("d");
        for name in ["d/a", "d/b", "d/c", "d/top"] {
            r.unlink(name);
        }
        r.ls("d");
        r.rmdir("d");
        r.rmdir("d/sub");
        r.rmdir("d");
        r.lstat("d");
        r.ls(".");
    },
    layers: Some(|l| {
        l.upper_is(&["d"])?;
        l.whiteout("d")
    }),
    ..Scenario::DEFAULT
};
