// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "every set of open flags on a name nobody has, in a lower, a merged and an upper directory",
    setup: |b| {
        b.dir("lower");
        b.lower(0).dir("merged");
        b.lower(1).dir("merged");
        b.upper().dir("upper");
    },
    steps: |r| {
        for dir in ["lower", "merged", "upper"] {
            for (n, flags) in open_flags().into_iter().enumerate() {
                r.opens(&format!("{dir}/f{n}"), flags);
            }
        }
        for flags in open_flags() {
            r.opens("none/f", flags);
        }
        r.ls("lower");
    },
    ..Scenario::DEFAULT
};
