// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "of two lower names of a file one renamed to the other goes, and the other is the copy",
    setup: |b| {
        b.file("a", "text");
        b.link("d/b", "a");
        b.file("x", "other");
        b.link("y", "x");
    },
    steps: |r| {
        r.rename("a", "d/b");
        r.cat("d/b");
        // Once more, the standard's way: both are in the upper layer now.
        r.link("d/b", "c");
        r.rename("c", "d/b");
        r.cat("c");
        r.rename2("x", "y", RENAME_EXCHANGE);
        r.cat("x");
        r.cat("y");
        r.rename2("x", "y", RENAME_NOREPLACE);
    },
    layers: Some(|l| {
        l.whiteout("a")?;
        l.in_upper("d/b")?;
        if l.stat("c")?.st_ino == l.stat("d/b")?.st_ino {
            Ok(())
        } else {
            Err("c and d/b must be one inode".into())
        }
    }),
    allow: &[Allow {
        line: "walk",
        why: "hard links of lower files break at copy-up",
    }],
    not_overlay: Some("hard links of lower files break at copy-up"),
    ..Scenario::DEFAULT
};
