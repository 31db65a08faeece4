// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "noatime, nodiratime, relatime and strictatime of the union's mount rule the access times",
    setup: |b| {
        b.upper().file("f", "text");
        b.dir("d");
        b.file("d/x", "x");
        b.symlink("l", "f");
    },
    steps: |r| {
        for (word, flags) in [
            ("noatime", libc::MS_NOATIME),
            ("nodiratime", libc::MS_NODIRATIME | libc::MS_RELATIME),
            ("relatime", libc::MS_RELATIME),
            ("strictatime", libc::MS_STRICTATIME),
        ] {
            r.in_child(|r| {
                r.done(word, sys::bind_here(flags));
                for name in ["f", "d", "l"] {
                    r.utimens(name, (1_000_000_000, 5));
                }
                // The second round tells relatime from strictatime.
                for _ in 0..2 {
                    r.touched(&["f", "d", "l"], |r| {
                        r.cat("f");
                        r.ls("d");
                        r.readlink("l");
                    });
                }
            });
        }
    },
    ..Scenario::DEFAULT
};
