// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "of many renames to one name with NOREPLACE one wins, be the name missing, deleted or \
        that of a lower file",
    setup: |b| {
        for number in 0..6 {
            for dir in ["missing", "deleted", "taken"] {
                b.file(&format!("{dir}/{number}"), "same");
            }
        }
        b.file("deleted/to", "same");
        b.file("taken/to", "same");
    },
    steps: |r| {
        r.unlink("deleted/to");
        for (dir, names) in [("missing", 6), ("deleted", 6), ("taken", 7)] {
            r.parallel(6, |number| {
                let from = format!("{dir}/{number}");
                let _ = sys::rename(from, format!("{dir}/to"), RENAME_NOREPLACE);
            });
            r.see(&format!("{dir}/to"));
            let left = r.names(dir).len();
            r.expect("the right number of them won", left == names);
            // Who won is chance: what is left is made alike.
            for number in 0..6 {
                let _ = sys::unlink(format!("{dir}/{number}"));
            }
            r.ls(dir);
        }
    },
    layers: Some(|l| {
        l.in_upper("missing/to")?;
        l.absent("taken/to")
    }),
    ..Scenario::DEFAULT
};
