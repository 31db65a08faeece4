// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "directories copied up on the way keep everything they had",
    setup: |b| {
        b.dir("a").mode(0o710).owner(1, 2).xattr("user.a", b"a");
        b.dir("a/b")
            .mode(0o2755)
            .owner(3, 4)
            .mtime(1_000_000_005, 5);
        b.dir("a/b/c").mode(0o1777).xattr("user.c", b"c");
        b.file("a/b/c/f", "text");
        b.file("a/b/c/other", "text");
    },
    steps: |r| {
        r.chmod("a/b/c/f", 0o600);
        r.stat("a");
        r.stat("a/b");
        r.stat("a/b/c");
    },
    layers: Some(|l| l.upper_is(&["a", "a/b", "a/b/c", "a/b/c/f"])),
    ..Scenario::DEFAULT
};
