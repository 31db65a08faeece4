// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "EXCHANGE of a new directory with a file",
    setup: |b| {
        b.file("f", "text");
    },
    steps: |r| {
        r.mkdir("new");
        r.put("new/x", O_WRONLY | O_CREAT, "x");
        r.rename2("f", "new", RENAME_EXCHANGE);
        r.cat("new");
        r.ls("f");
        r.cat("f/x");
        r.mkdir("other");
        r.rename2("other", "f", RENAME_EXCHANGE);
        r.ls("other");
        r.ls("f");
    },
    ..Scenario::DEFAULT
};
