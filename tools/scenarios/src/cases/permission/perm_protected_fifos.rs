// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "O_CREAT does not open FIFOs of others in sticky directories, by fs.protected_fifos",
    setup,
    steps: |r| {
        for value in ["0", "1", "2"] {
            r.with_sysctl("fs/protected_fifos", value, |r| {
                for who in [MEMBER, OTHER] {
                    r.as_who(who, |r| {
                        for place in PLACES {
                            for dir in ["all", "group", "plain"] {
                                for name in ["his", "dirs", "foreign"] {
                                    let path = format!("{place}/{dir}/{name}");
                                    r.try_open(&path, O_RDWR | O_CREAT);
                                    // Without O_CREAT nobody can have meant a file of his own.
                                    r.try_open(&path, O_RDWR);
                                }
                            }
                        }
                    });
                }
            });
        }
    },
    layers: Some(|l| upper_gained(l, setup, &[])),
    not_on: &[("chroot", "there is no /proc in it")],
    ..Scenario::DEFAULT
};

fn setup(b: &mut Builder) {
    in_places(b, |b, place| {
        for (dir, mode) in [("all", 0o1777), ("group", 0o1775), ("plain", 0o777)] {
            b.dir(&format!("{place}/{dir}")).mode(mode).owner(1003, 500);
            for (name, owner) in [("his", 1001), ("dirs", 1003), ("foreign", 1004)] {
                let path = format!("{place}/{dir}/{name}");
                b.fifo(&path).mode(0o666).owner(owner, 500);
            }
        }
    });
}
