// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "root of a user namespace gives mapped files to mapped ids",
    setup,
    steps: |r| {
        const SAME: u32 = u32::MAX;
        r.in_userns("0 1000 4\n", "0 1000 1\n5 500 1\n", |r| {
            for place in PLACES {
                for name in ["mapped", "half", "foreign", "link", "dir"] {
                    let path = format!("{place}/{name}");
                    r.chown(&path, 2, SAME);
                    r.chown(&path, 9, SAME);
                    r.chown(&path, SAME, 9);
                    r.chown(&path, 3, 0);
                    r.lstat(&path);
                }
            }
        });
        for place in PLACES {
            for name in ["mapped", "half", "foreign", "link", "dir"] {
                r.lstat(&format!("{place}/{name}"));
            }
        }
    },
    layers: Some(|l| {
        l.in_upper("lower/mapped")?;
        l.absent("lower/half")?;
        l.absent("lower/foreign")
    }),
    not_on: &[("chroot", "no user namespace can be made in a chroot")],
    ..Scenario::DEFAULT
};

fn setup(b: &mut Builder) {
    in_places(b, |b, place| {
        b.file(&format!("{place}/mapped"), "text")
            .mode(0o6755)
            .owner(1001, 500);
        b.file(&format!("{place}/half"), "text")
            .mode(0o777)
            .owner(1001, 7);
        b.file(&format!("{place}/foreign"), "text").mode(0o777);
        b.symlink(&format!("{place}/link"), "x").owner(1001, 500);
        b.dir(&format!("{place}/dir")).owner(1001, 500);
    });
}
