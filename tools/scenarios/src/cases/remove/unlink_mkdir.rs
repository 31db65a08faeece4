// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a directory takes the name of a deleted file",
    setup: |b| {
        b.file("f", "text");
    },
    steps: |r| {
        r.unlink("f");
        r.mkdir("f");
        r.put("f/x", O_WRONLY | O_CREAT, "x");
        r.ls("f");
        r.unlink("f/x");
        r.rmdir("f");
        r.lstat("f");
    },
    layers: Some(|l| l.whiteout("f")),
    ..Scenario::DEFAULT
};
