// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "the copy of a file that ends in a hole keeps the times of the original",
    setup: |b| {
        b.sparse("end", 100_000, &[(0, b"data")]);
        b.sparse("all", 100_000, &[]);
    },
    steps: |r| {
        for name in ["end", "all"] {
            r.chmod(name, 0o600);
            r.stat(name);
        }
    },
    layers: Some(|l| l.upper_is(&["all", "end"])),
    ..Scenario::DEFAULT
};
