// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "truncate asks for the right to write, ftruncate for a descriptor that may",
    setup,
    steps: |r| {
        r.each_user(|r, who| {
            for place in PLACES {
                for mode in MODES {
                    let path = format!("{place}/{}.{mode:03o}", who.name);
                    let fd = r.open(&path, O_RDONLY);
                    r.ftruncate(fd, 1);
                    r.truncate(&path, 2);
                    r.truncate(&path, -1);
                    r.truncate(&path, 6);
                }
                r.truncate(place, 0);
            }
        });
    },
    layers: Some(|l| {
        let added = [
            "lower",
            "lower/owner.600",
            "lower/owner.300",
            "lower/member.020",
            "lower/member.562",
            "merged/member.562",
            "lower/other.562",
            "merged/owner.600",
            "merged/owner.300",
            "merged/member.020",
            "merged/other.562",
        ];
        upper_gained(l, setup, &added)
    }),
    ..Scenario::DEFAULT
};

const MODES: [u32; 5] = [0o600, 0o300, 0o020, 0o562, 0o444];

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
