// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "the directory one stands in moves",
    setup: |b| {
        b.dir("d");
    },
    steps: |r| {
        r.mkdir("new");
        r.chdir("new");
        r.put("f", O_WRONLY | O_CREAT, "text");
        r.rename("../new", "../d/moved");
        r.cat("f");
        r.put("g", O_WRONLY | O_CREAT, "text");
        r.ls("..");
        r.unlink("f");
        r.unlink("g");
        r.rmdir("../moved");
        r.put("h", O_WRONLY | O_CREAT, "text");
        r.ls(".");
    },
    not_on: shape::MAKES_LOWER,
    ..Scenario::DEFAULT
};
