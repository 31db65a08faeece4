// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a rename asks for rights to both directories, and copies nothing without them",
    setup,
    steps: |r| {
        r.as_who(OTHER, |r| {
            for place in PLACES {
                for (from, to) in [("closed", "open"), ("open", "closed"), ("closed", "closed")] {
                    let old = format!("{place}/{from}/a");
                    let new = format!("{place}/{to}/b");
                    let free = format!("{place}/{to}/free");
                    for flags in [0, RENAME_NOREPLACE, RENAME_EXCHANGE, RENAME_WHITEOUT] {
                        r.rename2(&old, &new, flags);
                        r.rename2(&old, &free, flags);
                    }
                    r.rename(&format!("{place}/{from}/dir"), &free);
                    r.rename(&format!("{place}/{from}/none"), &free);
                    r.link(&old, &format!("{place}/closed/link"));
                }
            }
        });
    },
    layers: Some(|l| upper_gained(l, setup, &[])),
    ..Scenario::DEFAULT
};

fn setup(b: &mut Builder) {
    in_places(b, |b, place| {
        b.dir(&format!("{place}/closed"));
        b.dir(&format!("{place}/open")).mode(0o777);
        for dir in ["closed", "open"] {
            for file in ["a", "b"] {
                b.file(&format!("{place}/{dir}/{file}"), file)
                    .owner(1002, 1002);
            }
            b.dir(&format!("{place}/{dir}/dir")).owner(1002, 1002);
        }
    });
}
