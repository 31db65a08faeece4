// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "many processes link one lower file at once: it is copied up once and counts every name",
    setup: |b| {
        b.file("f", vec![b'x'; 70_000]);
        b.file("d/3", "old");
        b.dir("d");
    },
    steps: |r| {
        r.unlink("d/3");
        r.parallel(8, |number| {
            sys::link("f", format!("d/{number}"), 0).expect("a link");
            if number % 2 == 0 {
                sys::unlink(format!("d/{number}")).expect("its own link");
            }
        });
        r.stat("f");
        for name in r.names("d") {
            r.see(&format!("d/{name}"));
        }
        let same = r.identity("f") == r.identity("d/1");
        r.expect("one inode", same);
    },
    layers: Some(|l| {
        l.absent("d/0")?;
        l.in_upper("d/3")
    }),
    ..Scenario::DEFAULT
};
