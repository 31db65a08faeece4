// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "O_TMPFILE works in a directory of any layer, and copies up that directory alone",
    setup: |b| {
        b.dir("a/lower").mode(0o1777);
        b.dir("a/other");
        b.lower(1).file("merged/f", "x");
        b.file("opaque/hidden", "x");
        b.lower(0).dir("merged");
        b.opaque("opaque");
        b.upper().dir("upper");
    },
    steps: |r| {
        for dir in ["a/lower", "merged", "opaque", "upper"] {
            for access in [O_RDONLY, O_WRONLY, O_RDWR, libc::O_ACCMODE] {
                for more in [0, O_EXCL, O_CREAT, O_TRUNC, O_APPEND, O_NOFOLLOW, O_DIRECT] {
                    r.opens(dir, access | more | O_TMPFILE);
                }
            }
            r.stat(dir);
            r.ls(dir);
        }
        r.opens("merged/f", O_RDWR | O_TMPFILE);
        r.opens("merged/none", O_RDWR | O_TMPFILE);
        r.opens("merged/", O_RDWR | O_TMPFILE);
        r.opens("merged/.", O_RDWR | O_TMPFILE);
    },
    layers: Some(|l| {
        l.absent("a/other")?;
        l.absent("merged/f")
    }),
    ..Scenario::DEFAULT
};
