// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a directory made in the place of a deleted one is empty",
    setup: |b| {
        b.file("d/f", "text");
        b.file("d/sub/g", "text");
    },
    steps: |r| {
        r.unlink("d/f");
        r.unlink("d/sub/g");
        r.rmdir("d/sub");
        r.rmdir("d");
        r.mkdir_mode("d", 0o700);
        r.ls("d");
        r.cat("d/f");
        r.lstat("d/sub");
        r.put("d/f", O_WRONLY | O_CREAT, "new");
        r.ls("d");
    },
    layers: Some(|l| l.opaque("d")),
    ..Scenario::DEFAULT
};
