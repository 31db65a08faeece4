// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "renaming one name of a file to another does nothing",
    setup: |b| {
        b.file("f", "text");
    },
    steps: |r| {
        r.link("f", "g");
        r.rename("f", "g");
        r.ls(".");
        r.stat("f");
        r.rename2("f", "g", RENAME_NOREPLACE);
    },
    ..Scenario::DEFAULT
};
