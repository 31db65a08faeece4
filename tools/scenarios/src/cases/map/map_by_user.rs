// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "who may write a file may map it shared: its copy belongs to the old owner, and directories are as before",
    setup: |b| {
        b.dir("d").mode(0o555).owner(5, 6);
        b.file("d/f", vec![b'.'; PAGE])
            .mode(0o606)
            .owner(7, 8)
            .xattr("user.a", b"1");
        b.file("d/set", vec![b'.'; PAGE]).mode(0o4707).owner(7, 8);
        b.file("d/g", vec![b'.'; PAGE]).mode(0o604).owner(7, 8);
    },
    steps: |r| {
        r.as_user(1000, 1000, |r| {
            for name in ["d/f", "d/set", "d/g"] {
                let fd = r.open(name, O_RDWR);
                let map = r.map(fd, PAGE, PROT_RW, MAP_SHARED);
                if map.length() > 0 {
                    r.store(map, 0, "by a user");
                }
                r.fstat(fd);
            }
        });
        r.stat("d");
        r.cat("d/f");
    },
    layers: Some(|l| {
        l.in_upper("d/f")?;
        l.absent("d/g")
    }),
    ..Scenario::DEFAULT
};
