// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "O_TRUNC empties and copies a file for those alone who may write it",
    setup,
    steps: |r| {
        r.each_user(|r, who| {
            for place in PLACES {
                for mode in MODES {
                    let name = format!("{place}/{}.{mode:03o}", who.name);
                    // Reading would be allowed in many cases: truncation asks for writing.
                    r.try_open(&name, O_RDONLY | O_TRUNC);
                    r.stat(&name);
                }
            }
        });
    },
    layers: Some(|l| {
        let copies = [
            "lower",
            "lower/owner.640",
            "lower/owner.604",
            "lower/member.464",
            "lower/other.446",
            "merged/owner.640",
            "merged/owner.604",
            "merged/member.464",
            "merged/other.446",
        ];
        upper_gained(l, setup, &copies)
    }),
    ..Scenario::DEFAULT
};

const MODES: [u32; 4] = [0o640, 0o604, 0o464, 0o446];

fn setup(b: &mut Builder) {
    in_places(b, |b, place| {
        for who in USERS {
            for mode in MODES {
                b.file(&format!("{place}/{}.{mode:03o}", who.name), "text")
                    .mode(mode)
                    .owner(1000, 500);
            }
        }
    });
}
