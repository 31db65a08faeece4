// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "times are set to the nanosecond on lower objects of every type",
    setup: |b| {
        b.file("f", "text");
        b.dir("d");
        b.symlink("l", "f");
        b.fifo("p");
    },
    steps: |r| {
        for name in ["f", "d", "l", "p"] {
            r.utimens(name, (1_234_567_890, 987_654_321));
            r.lstat(name);
        }
        r.utimens("none", (1, 2));
    },
    layers: Some(|l| l.upper_is(&["d", "f", "l", "p"])),
    ..Scenario::DEFAULT
};
