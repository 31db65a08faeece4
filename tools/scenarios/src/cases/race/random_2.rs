// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "random calls, second seed",
    setup: |b| {
        random::tree(b);
    },
    steps: |r| {
        random::steps(r, 2, 250);
    },
    ..Scenario::DEFAULT
};
