// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "EXCHANGE swaps lower and upper files",
    setup: |b| {
        b.file("a", "aaa");
        b.file("d/b", "b");
        b.symlink("l", "a");
    },
    steps: |r| {
        r.rename2("a", "d/b", RENAME_EXCHANGE);
        r.cat("a");
        r.cat("d/b");
        r.put("new", O_WRONLY | O_CREAT, "new");
        r.rename2("new", "a", RENAME_EXCHANGE);
        r.cat("a");
        r.cat("new");
        r.rename2("l", "a", RENAME_EXCHANGE);
        r.readlink("a");
        r.rename2("a", "none", RENAME_EXCHANGE);
        r.ls(".");
    },
    ..Scenario::DEFAULT
};
