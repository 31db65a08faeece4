// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "rmdir refuses a directory with entries of any layer",
    setup: |b| {
        b.file("d/f", "text");
        b.dir("e");
    },
    steps: |r| {
        r.rmdir("d");
        r.put("e/new", O_WRONLY | O_CREAT, "x");
        r.rmdir("e");
        r.put("d/new", O_WRONLY | O_CREAT, "x");
        r.unlink("d/f");
        r.rmdir("d");
        r.unlink("d/new");
        r.rmdir("d");
        r.ls(".");
    },
    layers: Some(|l| l.whiteout("d")),
    ..Scenario::DEFAULT
};
