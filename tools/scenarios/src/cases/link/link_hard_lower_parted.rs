// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "linking one of three lower names of a file parts it from the other two; a new name \
        goes with the copy",
    setup: |b| {
        b.file("a", "text");
        b.link("b", "a");
        b.link("d/c", "a");
    },
    steps: |r| {
        r.link("a", "new");
        let linked = r.identity("a") == r.identity("new");
        r.expect("old and new name are one inode", linked);
        r.put("new", O_WRONLY, "T");
        r.cat("a");
        for name in ["a", "new"] {
            r.unlink(name);
            r.lstat(name);
        }
        r.lstat("b");
        r.rename("d/c", "d/e");
        r.cat("d/e");
        r.link("b", "a");
        let linked = r.identity("a") == r.identity("b");
        r.expect("again", linked);
    },
    layers: Some(|l| {
        l.in_upper("a")?;
        l.whiteout("d/c")?;
        l.absent("new")
    }),
    allow: &[
        Allow {
            line: "lstat(\"b\")",
            why: "hard links of lower files break at copy-up",
        },
        Allow {
            line: "cat(\"d/e\")",
            why: "hard links of lower files break at copy-up",
        },
        Allow {
            line: "walk",
            why: "hard links of lower files break at copy-up",
        },
    ],
    not_overlay: Some("hard links of lower files break at copy-up"),
    ..Scenario::DEFAULT
};
