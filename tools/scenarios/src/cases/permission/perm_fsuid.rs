// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "the file system ids decide alone: owner, rights, and what capabilities do",
    setup: |b| {
        in_places(b, |b, place| {
            b.file(&format!("{place}/his"), "text")
                .mode(0o600)
                .owner(1000, 1000);
            b.file(&format!("{place}/groups"), "text")
                .mode(0o060)
                .owner(0, 500);
            b.file(&format!("{place}/roots"), "text").mode(0o600);
            b.dir(&format!("{place}/dir")).mode(0o770).owner(1003, 500);
        });
    },
    steps: |r| {
        r.with_fs_ids(1000, 500, |r| {
            for place in PLACES {
                for name in ["his", "groups", "roots"] {
                    let path = format!("{place}/{name}");
                    r.put(&path, O_WRONLY, "T");
                    r.chmod(&path, 0o660);
                    r.chown(&path, 1000, 7);
                    r.access(&path, W_OK);
                }
                r.put(&format!("{place}/dir/new"), O_WRONLY | O_CREAT, "mine");
                r.mknod(&format!("{place}/dir/node"), libc::S_IFCHR, 0o600, 1, 3);
                r.unlink(&format!("{place}/roots"));
                r.stat(&format!("{place}/dir/new"));
            }
        });
        for place in PLACES {
            r.stat(&format!("{place}/groups"));
        }
    },
    layers: Some(|l| {
        l.in_upper("lower/his")?;
        l.in_upper("lower/groups")?;
        l.absent("lower/roots")
    }),
    ..Scenario::DEFAULT
};
