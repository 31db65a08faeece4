// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "links of new files",
    setup: |b| {
        b.dir("d");
    },
    steps: |r| {
        r.put("f", O_WRONLY | O_CREAT, "one");
        r.link("f", "d/g");
        r.put("d/g", O_WRONLY, "TWO");
        r.cat("f");
        r.stat("f");
        r.rename("f", "d/g");
        r.ls(".");
        r.rename("f", "h");
        r.stat("d/g");
        r.unlink("d/g");
        r.stat("h");
    },
    ..Scenario::DEFAULT
};
