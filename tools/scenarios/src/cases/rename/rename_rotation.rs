// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "lower files change places in a circle, again and again",
    setup: |b| {
        for name in ["a", "b", "x/c", "x/y/d"] {
            b.file(name, name);
        }
    },
    steps: |r| {
        const PLACES: [&str; 4] = ["a", "b", "x/c", "x/y/d"];
        for _ in 0..5 {
            r.rename(PLACES[0], "spare");
            for pair in PLACES.windows(2) {
                r.rename(pair[1], pair[0]);
                r.lstat(pair[1]);
            }
            r.rename("spare", PLACES[3]);
            for place in PLACES {
                r.cat(place);
            }
        }
        for _ in 0..3 {
            for pair in PLACES.windows(2) {
                r.rename2(pair[0], pair[1], RENAME_EXCHANGE);
            }
        }
        for place in PLACES {
            r.see(place);
        }
    },
    layers: Some(|l| {
        for name in ["a", "b", "x/c", "x/y/d"] {
            l.in_upper(name)?;
        }
        l.absent("spare")
    }),
    ..Scenario::DEFAULT
};
