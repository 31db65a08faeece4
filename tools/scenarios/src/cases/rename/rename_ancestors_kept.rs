// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "the directories above a moved file are copied up for it without a trace: times, modes \
        and owners stay",
    setup: |b| {
        for (top, mode) in [("from", 0o751), ("to", 0o2770)] {
            for (depth, dir) in ["", "/a", "/a/b", "/a/b/c"].iter().enumerate() {
                let dir = format!("{top}{dir}");
                b.dir(&dir)
                    .mode(mode)
                    .owner(7 + depth as u32, 9)
                    .mtime(1000 + depth as i64, 5)
                    .xattr("user.d", b"v");
                b.file(&format!("{dir}/beside"), "x");
            }
        }
        b.file("from/a/b/c/f", "text");
        b.file("to/a/b/c/victim", "text");
    },
    steps: |r| {
        r.rename("from/a/b/c/f", "to/a/b/c/victim");
        for top in ["from", "to"] {
            for dir in ["", "/a", "/a/b", "/a/b/c"] {
                let dir = format!("{top}{dir}");
                r.see(&dir);
                r.getxattr(&dir, "user.d");
            }
        }
    },
    layers: Some(|l| {
        l.upper_is(&[
            "from",
            "from/a",
            "from/a/b",
            "from/a/b/c",
            "from/a/b/c/f",
            "to",
            "to/a",
            "to/a/b",
            "to/a/b/c",
            "to/a/b/c/victim",
        ])
    }),
    ..Scenario::DEFAULT
};
