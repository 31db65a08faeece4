// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "open directories list what came and went by renames after they are rewound, merged or \
        not",
    setup: |b| {
        b.lower(0).file("merged/a", "x");
        b.file("merged/b", "x");
        b.file("lower/c", "x");
        b.upper().file("merged/top", "x");
    },
    steps: |r| {
        r.mkdir("new");
        let held = ["merged", "lower", "new"].map(|dir| r.open(dir, O_RDONLY | O_DIRECTORY));
        let look = |r: &mut Run| {
            for fd in held {
                let _ = sys::lseek(fd.raw(), 0, SEEK_SET);
                r.rest(fd);
            }
        };
        look(r);
        for (old, new, flags) in [
            ("merged/a", "new/a", 0),
            ("merged/top", "merged/a", RENAME_NOREPLACE),
            ("lower/c", "merged/b", 0),
            ("new/a", "lower/c", 0),
            ("lower/c", "merged/b", RENAME_EXCHANGE),
            ("new", "merged/dir", 0),
            ("merged/dir", "new", 0),
        ] {
            r.rename2(old, new, flags);
            look(r);
        }
    },
    layers: Some(|l| {
        l.absent("merged/top")?;
        l.in_upper("merged/a")
    }),
    not_on: shape::MAKES_LOWER,
    ..Scenario::DEFAULT
};
