// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "writing through a lower link changes its target alone",
    setup: |b| {
        b.file("d/f", "text");
        b.symlink("l", "d/f");
    },
    steps: |r| {
        r.put("l", O_WRONLY, "T");
        r.truncate("l", 2);
        r.cat("d/f");
        r.lstat("l");
        r.unlink("l");
        r.cat("d/f");
    },
    layers: Some(|l| {
        l.whiteout("l")?;
        l.in_upper("d/f")
    }),
    ..Scenario::DEFAULT
};
