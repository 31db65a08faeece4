// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "truncating to nothing",
    setup: |b| {
        b.file("f", "0123456789").mode(0o604);
    },
    steps: |r| {
        r.truncate("f", 0);
        r.stat("f");
        r.truncate("none", 0);
    },
    layers: Some(|l| l.in_upper("f")),
    ..Scenario::DEFAULT
};
