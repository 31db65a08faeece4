// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "NOREPLACE refuses a name of any layer, takes a deleted one",
    setup: |b| {
        b.file("a", "a");
        b.file("b", "b");
        b.file("gone", "old");
    },
    steps: |r| {
        r.rename2("a", "b", RENAME_NOREPLACE);
        r.rename2("a", "new", RENAME_NOREPLACE);
        r.unlink("gone");
        r.rename2("new", "gone", RENAME_NOREPLACE);
        r.cat("gone");
        r.put("top", O_WRONLY | O_CREAT, "top");
        r.rename2("gone", "top", RENAME_NOREPLACE);
        r.ls(".");
    },
    ..Scenario::DEFAULT
};
