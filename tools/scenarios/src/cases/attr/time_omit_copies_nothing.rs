// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "utimensat that leaves both times alone, or is refused, copies nothing",
    setup: |b| {
        b.file("f", "text");
        b.dir("d");
        b.symlink("l", "f");
    },
    steps: |r| {
        for name in ["f", "d", "l"] {
            r.utimensat(name, (OMIT, OMIT), libc::AT_SYMLINK_NOFOLLOW);
            r.utimensat(name, ((5, 1_000_000_000), OMIT), 0);
            r.utimensat(name, ((5, 5), (5, -1)), 0);
            r.utimensat(name, ((5, 5), (5, 5)), libc::AT_REMOVEDIR);
            r.as_user(1000, 1000, |r| {
                r.utimensat(name, (OMIT, OMIT), 0);
                r.utimensat(name, (NOW, NOW), 0);
                r.utimensat(name, (NOW, OMIT), 0);
                r.utimensat(name, ((5, 5), (5, 5)), libc::AT_SYMLINK_NOFOLLOW);
            });
        }
        r.utimensat("f/x", (NOW, NOW), 0);
        r.utimensat("none", (OMIT, OMIT), 0);
        r.utimensat("none", (NOW, NOW), 0);
        r.utimensat("", (NOW, NOW), 0);
        r.stat("f");
    },
    layers: Some(|l| l.upper_is(&[])),
    ..Scenario::DEFAULT
};
