// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "set-user-id programs become their owner in a user namespace that maps him and his group",
    setup: |b| {
        in_places(b, |b, place| {
            for (name, uid, gid) in [("mapped", 1002, 500), ("half", 1002, 7), ("root", 0, 0)] {
                b.file(&format!("{place}/{name}"), elf::exits_with_user())
                    .mode(0o4755)
                    .owner(uid, gid);
            }
        });
    },
    steps: |r| {
        for round in 0..2 {
            r.in_userns("0 1000 4\n", "0 1000 1\n5 500 1\n", |r| {
                for place in PLACES {
                    for name in ["mapped", "half", "root"] {
                        r.exec(&format!("{place}/{name}"), &[]);
                    }
                }
            });
            if round == 0 {
                for name in ["mapped", "half", "root"] {
                    r.utimens(&format!("lower/{name}"), (5, 5));
                }
            }
        }
    },
    layers: Some(|l| l.in_upper("lower/mapped")),
    not_on: &[("chroot", "no user namespace can be made in a chroot")],
    ..Scenario::DEFAULT
};
