// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "in a sticky directory who owns neither it nor the object moves, replaces and exchanges \
        nothing",
    setup: |b| {
        b.dir("tmp").mode(0o1777).owner(1002, 1002);
        b.dir("free").mode(0o777);
        for (name, uid) in [
            ("mine", 1000),
            ("mine2", 1000),
            ("his", 1001),
            ("his2", 1001),
        ] {
            b.file(&format!("tmp/{name}"), name).owner(uid, uid);
            b.file(&format!("free/{name}"), name).owner(uid, uid);
        }
        b.dir("tmp/dir").owner(1001, 1001);
    },
    steps: |r| {
        r.as_user(1000, 1000, |r| {
            for (old, new) in [
                ("tmp/his", "free/x"),
                ("free/mine", "tmp/his"),
                ("tmp/mine", "tmp/his"),
            ] {
                for flags in [0, RENAME_EXCHANGE, RENAME_WHITEOUT] {
                    r.rename2(old, new, flags);
                }
            }
            r.mkdir("free/new");
            r.rename("free/new", "tmp/dir");
            r.rename2("tmp/mine", "tmp/mine2", RENAME_EXCHANGE);
            r.rename("tmp/mine", "free/moved");
            r.rename("free/his", "tmp/his-now");
            r.rename("tmp/his-now", "free/his");
        });
        // The owner of the directory may do everything.
        r.as_user(1002, 1002, |r| {
            r.rename2("tmp/his", "tmp/mine2", RENAME_EXCHANGE);
            r.rename("tmp/his", "tmp/his2");
        });
        r.ls("tmp");
        r.ls("free");
    },
    layers: Some(|l| {
        l.absent("tmp/dir")?;
        l.in_upper("tmp/his2")
    }),
    ..Scenario::DEFAULT
};
