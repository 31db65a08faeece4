// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "unlink of a lower file leaves a whiteout",
    setup: |b| {
        b.file("f", "text");
        b.file("d/f", "text");
        b.symlink("l", "f");
        b.fifo("p");
    },
    steps: |r| {
        r.unlink("f");
        r.cat("f");
        r.unlink("f");
        r.unlink("d/f");
        r.unlink("l");
        r.unlink("p");
        r.ls(".");
        r.ls("d");
    },
    layers: Some(|l| {
        l.whiteout("f")?;
        l.whiteout("d/f")?;
        l.upper_is(&["d", "d/f", "f", "l", "p"])
    }),
    ..Scenario::DEFAULT
};
