// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "who may write a lower file may, though its directories are closed to him for writing",
    setup: |b| {
        for dir in ["a", "a/b", "a/b/c"] {
            b.dir(dir).mode(0o711);
        }
        b.file("a/b/c/mine", "text").mode(0o600).owner(1002, 1002);
        b.file("a/b/c/blind", "text").mode(0o222);
        b.file("a/b/c/roots", "text");
    },
    steps: |r| {
        r.as_who(OTHER, |r| {
            r.put("a/b/c/mine", O_WRONLY, "T");
            // Copied up by one who cannot read it.
            r.put("a/b/c/blind", O_WRONLY, "T");
            r.put("a/b/c/blind", O_WRONLY | O_APPEND, "!");
            r.cat("a/b/c/blind");
            // The directories are in the upper layer now, and as closed as before.
            r.ls("a/b");
            r.try_open("a/b/c/new", O_WRONLY | O_CREAT);
            r.unlink("a/b/c/mine");
            r.put("a/b/c/roots", O_WRONLY, "T");
            r.chmod("a/b", 0o777);
        });
        for path in ["a", "a/b", "a/b/c", "a/b/c/mine", "a/b/c/blind"] {
            r.stat(path);
        }
        r.cat("a/b/c/blind");
    },
    layers: Some(|l| l.upper_is(&["a", "a/b", "a/b/c", "a/b/c/mine", "a/b/c/blind"])),
    ..Scenario::DEFAULT
};
