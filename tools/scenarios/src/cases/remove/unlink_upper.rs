// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "unlink of a new file leaves nothing",
    setup: |b| {
        b.dir("d");
    },
    steps: |r| {
        r.put("f", O_WRONLY | O_CREAT, "x");
        r.put("d/f", O_WRONLY | O_CREAT, "x");
        r.unlink("f");
        r.unlink("d/f");
        r.ls("d");
    },
    layers: Some(|l| {
        l.absent("f")?;
        l.absent("d/f")
    }),
    ..Scenario::DEFAULT
};
