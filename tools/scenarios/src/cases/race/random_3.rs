// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "random calls, third seed",
    setup: |b| {
        random::tree(b);
    },
    steps: |r| {
        random::steps(r, 3, 250);
    },
    ..Scenario::DEFAULT
};
