// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "an owner gives a file to his own groups, nobody gives one away",
    setup,
    steps: |r| {
        const SAME: u32 = u32::MAX;
        for who in [OWNER, MEMBER, OTHER] {
            r.as_who(who, |r| {
                for place in PLACES {
                    for name in ["fixed", "link", "dir"] {
                        let path = format!("{place}/{name}");
                        r.chown(&path, 1001, SAME);
                        r.chown(&path, 1002, 1002);
                        r.chown(&path, SAME, 777);
                    }
                    let path = format!("{place}/free");
                    // His as it is: a change to what it was is allowed.
                    r.chown(&path, 1001, 501);
                    r.chown(&path, SAME, 500);
                    r.chown(&path, SAME, 1001);
                    r.chown(&path, SAME, 502);
                    r.lstat(&path);
                }
            });
        }
    },
    layers: Some(|l| upper_gained(l, setup, &["lower", "lower/free", "merged/free"])),
    ..Scenario::DEFAULT
};

fn setup(b: &mut Builder) {
    in_places(b, |b, place| {
        b.file(&format!("{place}/fixed"), "text")
            .mode(0o666)
            .owner(1000, 500);
        b.symlink(&format!("{place}/link"), "fixed")
            .owner(1000, 500);
        b.dir(&format!("{place}/dir")).mode(0o777).owner(1000, 500);
        b.file(&format!("{place}/free"), "text")
            .mode(0o6775)
            .owner(1001, 1001);
    });
}
