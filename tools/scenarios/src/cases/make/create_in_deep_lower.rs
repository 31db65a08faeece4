// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a file is created at the bottom of lower directories",
    setup: |b| {
        b.file("a/b/c/d/e/f/g/h/old", "old");
    },
    steps: |r| {
        r.put("a/b/c/d/e/f/g/h/new", O_WRONLY | O_CREAT, "new");
        r.mkdir("a/b/c/d/e/f/g/h/dir");
        r.ls("a/b/c/d/e/f/g/h");
        r.ls("a/b");
        r.unlink("a/b/c/d/e/f/g/h/old");
        r.ls("a/b/c/d/e/f/g/h");
    },
    layers: Some(|l| l.whiteout("a/b/c/d/e/f/g/h/old")),
    ..Scenario::DEFAULT
};
