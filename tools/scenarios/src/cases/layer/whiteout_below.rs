// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a whiteout of a lower layer hides what is below it",
    setup: |b| {
        b.lower(2).file("f", "bottom");
        b.file("d/x", "x");
        b.file("kept", "kept");
        b.lower(1).whiteout("f");
        b.whiteout("d");
        b.lower(0).file("g", "g");
    },
    steps: |r| {
        r.ls(".");
        r.lstat("f");
        r.lstat("d");
        r.put("f", O_WRONLY | O_CREAT | O_EXCL, "new");
        r.mkdir("d");
        r.ls("d");
        r.unlink("f");
        r.lstat("f");
        r.cat("kept");
    },
    layers: Some(|l| l.absent("kept")),
    ..Scenario::DEFAULT
};
