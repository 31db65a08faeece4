// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a lower file moves, its old name is hidden",
    setup: |b| {
        b.file("f", "text")
            .mode(0o640)
            .owner(1, 2)
            .xattr("user.a", b"1");
        b.dir("d");
    },
    steps: |r| {
        r.rename("f", "g");
        r.lstat("f");
        r.stat("g");
        r.cat("g");
        r.rename("g", "d/h");
        r.getxattr("d/h", "user.a");
        r.ls(".");
        r.put("f", O_WRONLY | O_CREAT, "new");
    },
    layers: Some(|l| {
        l.absent("g")?;
        l.in_upper("d/h")
    }),
    ..Scenario::DEFAULT
};
