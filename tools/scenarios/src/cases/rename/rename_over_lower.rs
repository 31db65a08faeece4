// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a rename replaces a lower file",
    setup: |b| {
        b.file("old", "old");
        b.file("new", "new");
    },
    steps: |r| {
        r.rename("new", "old");
        r.cat("old");
        r.lstat("new");
        r.put("third", O_WRONLY | O_CREAT, "third");
        r.rename("third", "old");
        r.cat("old");
        r.ls(".");
    },
    layers: Some(|l| {
        l.whiteout("new")?;
        l.absent("third")
    }),
    ..Scenario::DEFAULT
};
