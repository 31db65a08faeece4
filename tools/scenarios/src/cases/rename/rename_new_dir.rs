// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "new directories move with all they hold",
    setup: |b| {
        b.dir("d");
        b.file("gone/x", "old");
    },
    steps: |r| {
        r.mkdir("a");
        r.mkdir("a/b");
        r.put("a/b/f", O_WRONLY | O_CREAT, "text");
        r.rename("a", "d/a");
        r.cat("d/a/b/f");
        r.rename("d/a/b", "b");
        r.ls("d/a");
        r.ls("b");
        r.mkdir("empty");
        r.rename("b", "empty");
        r.ls("empty");
        r.rename("empty", "d/a/deep");
        r.ls(".");
        r.cat("d/a/deep/f");
    },
    ..Scenario::DEFAULT
};
