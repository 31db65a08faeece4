// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "every set of open flags on a file of the upper layer, in a directory of its own and a merged one",
    setup: |b| {
        b.file("merged/below", "text");
        for n in 0..open_flags().len() {
            let dir = ["own", "merged"][n % 2];
            b.upper().file(&format!("{dir}/f{n}"), "text");
        }
    },
    steps: |r| {
        for (n, flags) in open_flags().into_iter().enumerate() {
            let dir = ["own", "merged"][n % 2];
            r.opens(&format!("{dir}/f{n}"), flags);
        }
    },
    layers: Some(|l| l.absent("merged/below")),
    ..Scenario::DEFAULT
};
