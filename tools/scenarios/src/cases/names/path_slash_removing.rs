// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "rmdir accepts a slash after a directory, unlink none; neither takes a dot at the end",
    setup: |b| {
        slashes::tree(b);
        b.anywhere().dir("empty");
        b.symlink("to-empty", "empty");
    },
    steps: |r| {
        r.unlink("gone");
        for name in slashes::NAMES.into_iter().chain(["to-empty"]) {
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
