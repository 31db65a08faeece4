// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "what is made in a set-group-id directory takes its group",
    setup: |b| {
        b.dir("d").mode(0o2777).owner(0, 500);
    },
    steps: |r| {
        r.as_user(1000, 1000, |r| {
            r.put("d/f", O_WRONLY | O_CREAT, "x");
            r.mkdir("d/sub");
            r.symlink("x", "d/l");
            r.open_mode("d/g", O_RDWR | O_CREAT, 0o2775);
        });
        r.stat("d/f");
        r.stat("d/sub");
        r.lstat("d/l");
        r.stat("d/g");
        r.mkdir("d/sub/deep");
        r.stat("d/sub/deep");
    },
    ..Scenario::DEFAULT
};
