// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "renames that cannot be",
    setup: |b| {
        b.file("f", "text");
        b.dir("d");
        b.file("full/x", "x");
    },
    steps: |r| {
        r.rename("none", "x");
        r.rename("f", "d");
        r.rename("d", "f");
        r.rename("d", "d/sub");
        r.rename("f", "none/x");
        r.rename("f", "f/x");
        r.rename("f", "f");
        r.rename("d", "d");
        r.rename("d", ".");
        r.rename2("f", "d", 0x80);
        r.rename2("f", "d", RENAME_EXCHANGE | RENAME_NOREPLACE);
        r.ls(".");
    },
    ..Scenario::DEFAULT
};
