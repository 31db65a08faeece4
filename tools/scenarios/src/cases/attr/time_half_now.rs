// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "one time set to now and the other left alone is the owner's right, not a writer's",
    setup: |b| {
        for name in ["writable", "mine"] {
            b.file(name, "text").mode(0o666);
        }
        b.lower(0)
            .file("owned", "text")
            .owner(1000, 1000)
            .mode(0o400);
        b.dir("dir").mode(0o777);
        b.upper().file("top", "text").mode(0o666);
    },
    steps: |r| {
        // Who looked at the layers before has changed the access times.
        for name in ["writable", "owned", "dir", "top"] {
            r.utimens(name, (5, 6));
        }
        r.as_user(1000, 1000, |r| {
            for name in ["writable", "owned", "dir", "top"] {
                r.utimensat(name, (NOW, OMIT), 0);
                r.utimensat(name, (OMIT, NOW), 0);
                r.times(name);
                r.utimensat(name, (NOW, NOW), 0);
                r.times(name);
            }
        });
    },
    layers: Some(|l| {
        l.absent("mine")?;
        l.in_upper("writable")
    }),
    ..Scenario::DEFAULT
};
