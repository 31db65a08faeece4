// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "truncating beyond the end fills with zeros",
    setup: |b| {
        b.file("f", "0123456789");
    },
    steps: |r| {
        r.truncate("f", 5_000);
        r.stat("f");
        r.cat("f");
        r.truncate("f", -1);
    },
    ..Scenario::DEFAULT
};
