// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "truncating a lower file keeps its beginning",
    setup: |b| {
        b.file("f", "0123456789");
        b.file("big", vec![b'x'; 100_000]);
    },
    steps: |r| {
        r.truncate("f", 4);
        r.cat("f");
        r.stat("f");
        r.truncate("big", 5_000);
        r.stat("big");
        r.cat("big");
    },
    layers: Some(|l| l.in_upper("f")),
    ..Scenario::DEFAULT
};
