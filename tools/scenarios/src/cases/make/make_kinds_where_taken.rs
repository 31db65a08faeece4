// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "nothing of any kind is made at a name that is taken in whatever layer, and nothing is \
        copied up for it",
    setup: |b| {
        for what in What::ALL {
            b.anywhere().object(what, &format!("lower/{what}"));
            b.upper().object(what, &format!("top/{what}"));
        }
        b.lower(1).file("mixed/full/below", "x");
        b.lower(0).file("mixed/full/above", "x");
    },
    steps: |r| {
        for what in What::ALL {
            for made in What::ALL {
                r.make(made, &format!("lower/{what}"));
                r.make(made, &format!("top/{what}"));
                r.make(made, "mixed/full");
                if !what.is_dir() {
                    r.make(made, &format!("lower/{what}/x"));
                }
            }
        }
    },
    layers: Some(|l| {
        l.absent("lower")?;
        l.absent("mixed")
    }),
    ..Scenario::DEFAULT
};
