// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

const NAMES: [&str; 10] = [
    "f",
    "d",
    "to-file",
    "to-dir",
    "dangling",
    "gone",
    "none",
    "merged",
    "upper-file",
    "upper-dir",
];

pub const SCENARIO: Scenario = Scenario {
    about: "rmdir accepts a slash after a directory, unlink none; neither takes a dot at the end",
    setup: |b| {
        b.file("f", "0123456789").xattr("user.a", b"1");
        b.file("d/x", "x");
        b.symlink("to-file", "f");
        b.symlink("to-dir", "d");
        b.symlink("dangling", "none");
        b.file("gone", "deleted");
        b.lower(1).file("merged/x", "1");
        b.lower(0).dir("merged");
        b.upper().file("upper-file", "0123456789");
        b.dir("upper-dir");
        b.anywhere().dir("empty");
        b.symlink("to-empty", "empty");
    },
    steps: |r| {
        r.unlink("gone");
        for name in NAMES.into_iter().chain(["to-empty"]) {
            for end in ["/", "//", "/.", "/..", "/x/..", "/x/."] {
                let path = format!("{name}{end}");
                r.unlink(&path);
                r.rmdir(&path);
            }
        }
        r.rmdir("to-empty");
        r.rmdir("empty/.");
        r.rmdir("empty//");
        r.rmdir(".");
        r.rmdir("..");
        r.unlink(".");
        r.unlink("");
        r.rmdir("");
        r.ls(".");
    },
    layers: Some(|l| {
        l.whiteout("empty")?;
        l.absent("upper-dir")?;
        l.absent("d")
    }),
    ..Scenario::DEFAULT
};
