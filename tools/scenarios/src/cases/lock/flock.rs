// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "flock conflicts between descriptors, not between names of processes",
    setup: |b| {
        b.file("f", "text");
    },
    steps: |r| {
        let one = r.open("f", O_RDONLY);
        let two = r.open("f", O_RDONLY);
        r.flock(one, LOCK_EX | LOCK_NB);
        r.flock(two, LOCK_SH | LOCK_NB);
        r.flock(one, LOCK_UN);
        r.flock(two, LOCK_SH | LOCK_NB);
        r.flock(one, LOCK_SH | LOCK_NB);
        r.flock(one, LOCK_EX | LOCK_NB);
        r.close(two);
        r.flock(one, LOCK_EX | LOCK_NB);
    },
    layers: Some(|l| l.upper_is(&[])),
    ..Scenario::DEFAULT
};
