// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    name: "random_1",
    about: "random calls, first seed",
    setup: |b| {
        random::tree(b);
    },
    steps: |r| {
        random::steps(r, 1, 250);
    },
    ..Scenario::DEFAULT
};
