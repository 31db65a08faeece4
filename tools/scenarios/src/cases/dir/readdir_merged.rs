// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a directory lists the names of all layers once each",
    setup: |b| {
        b.lower(2).file("d/a", "2");
        b.file("d/bottom", "2");
        b.dir("d/sub");
        b.file("d/sub/x", "2");
        b.lower(1).file("d/a", "1");
        b.file("d/middle", "1");
        b.lower(0).file("d/b", "0");
        b.dir("d/sub");
        b.file("d/sub/y", "0");
        b.upper().file("d/b", "top");
        b.file("d/top", "top");
    },
    steps: |r| {
        r.ls("d");
        r.ls("d/sub");
        r.cat("d/a");
        r.cat("d/b");
        r.put("d/new", O_WRONLY | O_CREAT, "x");
        r.unlink("d/a");
        r.unlink("d/b");
        r.ls("d");
    },
    layers: Some(|l| {
        l.whiteout("d/a")?;
        l.whiteout("d/b")
    }),
    ..Scenario::DEFAULT
};
