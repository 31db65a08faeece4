// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "statfs answers everywhere",
    setup: |b| {
        b.file("d/f", "text");
    },
    steps: |r| {
        r.statfs(".");
        r.statfs("d");
        r.statfs("d/f");
        r.statfs("none");
        r.put("d/f", O_WRONLY, "T");
        r.statfs("d/f");
    },
    ..Scenario::DEFAULT
};
