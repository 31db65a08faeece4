// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "rmdir of an empty lower directory leaves a whiteout",
    setup: |b| {
        b.dir("d");
        b.dir("e/f");
    },
    steps: |r| {
        r.rmdir("d");
        r.rmdir("d");
        r.rmdir("e");
        r.rmdir("e/f");
        r.rmdir("e");
        r.ls(".");
    },
    layers: Some(|l| {
        l.upper_is(&["d", "e"])?;
        l.whiteout("d")?;
        l.whiteout("e")
    }),
    ..Scenario::DEFAULT
};
