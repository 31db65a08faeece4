// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

const NAMES: [&str; 7] = [
    "f",
    "to-file",
    "to-dir",
    "dangling",
    "gone",
    "none",
    "upper-file",
];

pub const SCENARIO: Scenario = Scenario {
    about: "rename accepts a slash after directories only, on both sides, and no dots",
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
    },
    steps: |r| {
        r.unlink("gone");
        for name in NAMES {
            for end in ["/", "//", "/.", "/.."] {
                let path = format!("{name}{end}");
                r.rename(&path, "never");
                r.rename("f", &path);
                r.rename2("f", &path, RENAME_NOREPLACE);
                r.rename2("f", &path, RENAME_EXCHANGE);
                r.rename2(&path, "f", RENAME_EXCHANGE);
            }
        }
        for path in ["d/.", "d/..", "merged/.", "upper-dir/."] {
            r.rename(path, "never");
            r.rename("upper-dir", path);
            r.rename2("upper-dir", path, RENAME_NOREPLACE);
        }
        // Directories of the upper layer move.
        r.rename("upper-dir/", "one");
        r.rename("one", "two/");
        r.rename("two//", "three//");
        r.mkdir("four");
        r.rename("three/", "four/");
        r.rename("f", "four/");
        r.rename("four/", "gone/");
        r.rename("gone/", "to-dir/");
        r.rename("gone/", "f/");
        r.ls(".");
    },
    layers: Some(|l| {
        l.absent("f")?;
        l.opaque("gone")
    }),
    ..Scenario::DEFAULT
};
