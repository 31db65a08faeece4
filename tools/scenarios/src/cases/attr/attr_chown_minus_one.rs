// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "chown leaves alone the id given as -1, and asks for the right to change the other",
    setup: |b| {
        b.file("root", "text");
        b.file("mine", "text").owner(1000, 1000);
        b.file("others", "text").owner(1001, 1001);
    },
    steps: |r| {
        const SAME: u32 = u32::MAX;
        r.chown("root", 5, SAME);
        r.chown("root", SAME, 6);
        r.chown("root", SAME, SAME);
        r.stat("root");
        sys::become_user(1000, 1000, &[600]).expect("root may become anyone");
        for name in ["mine", "others"] {
            r.chown(name, SAME, 600);
            r.chown(name, SAME, 601);
            r.chown(name, 1000, SAME);
            r.chown(name, 1000, 600);
            r.chown(name, 1001, SAME);
            r.chown(name, SAME, 1000);
            r.stat(name);
        }
        sys::become_root().expect("the way back to root");
    },
    layers: Some(|l| {
        l.in_upper("mine")?;
        l.absent("others")
    }),
    ..Scenario::DEFAULT
};
