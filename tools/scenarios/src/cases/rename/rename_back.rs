// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a file moves away and back",
    setup: |b| {
        b.file("f", "text");
    },
    steps: |r| {
        r.rename("f", "g");
        r.rename("g", "f");
        r.cat("f");
        r.ls(".");
        r.unlink("f");
        r.ls(".");
    },
    layers: Some(|l| {
        l.whiteout("f")?;
        l.absent("g")
    }),
    ..Scenario::DEFAULT
};
