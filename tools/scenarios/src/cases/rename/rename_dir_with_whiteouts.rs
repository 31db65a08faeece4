// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a new directory takes the place of one with whiteouts",
    setup: |b| {
        b.file("d/f", "text");
        b.file("d/g", "text");
    },
    steps: |r| {
        r.unlink("d/f");
        r.unlink("d/g");
        r.mkdir("n");
        r.put("n/f", O_WRONLY | O_CREAT, "new");
        r.rename("n", "d");
        r.ls("d");
        r.cat("d/f");
        r.lstat("d/g");
    },
    layers: Some(|l| l.opaque("d")),
    ..Scenario::DEFAULT
};
