// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "in a user namespace the immutable flag cannot be set, others can by the owner",
    setup,
    steps: |r| {
        const NODUMP: u32 = 0x40;
        const IMMUTABLE: u32 = 0x10;
        r.in_userns("0 1000 4\n", "0 1000 4\n", |r| {
            for place in ["lower", "upper"] {
                for name in ["mapped", "foreign"] {
                    let fd = r.open(&format!("{place}/{name}"), O_RDONLY);
                    r.set_flags(fd, IMMUTABLE, IMMUTABLE | NODUMP);
                    if place == "upper" || name == "foreign" {
                        r.set_flags(fd, NODUMP, NODUMP);
                    }
                    r.get_flags(fd, IMMUTABLE | NODUMP);
                }
            }
        });
    },
    layers: Some(|l| upper_gained(l, setup, &[])),
    not_on: &[
        ("chroot", "no user namespace can be made in a chroot"),
        shape::NO_FLAGS[0],
        shape::NO_FLAGS[1],
        shape::NO_FLAGS[2],
    ],
    ..Scenario::DEFAULT
};

fn setup(b: &mut Builder) {
    in_places(b, |b, place| {
        b.file(&format!("{place}/mapped"), "text").owner(1001, 1001);
        b.file(&format!("{place}/foreign"), "text").mode(0o666);
    });
}
