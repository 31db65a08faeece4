// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "chains, loops and dangling links",
    setup: |b| {
        b.file("end", "the end");
        b.symlink("l0", "end");
        for n in 1..12 {
            b.symlink(&format!("l{n}"), &format!("l{}", n - 1));
        }
        b.symlink("loop", "loop");
        b.symlink("dangling", "made-through-link");
    },
    steps: |r| {
        r.cat("l11");
        r.stat("l11");
        r.cat("loop");
        r.stat("loop");
        r.lstat("loop");
        r.stat("dangling");
        r.put("dangling", O_WRONLY | O_CREAT, "made");
        r.cat("made-through-link");
        r.put("l11", O_WRONLY, "THE");
        r.cat("end");
        r.chmod("l5", 0o600);
        r.stat("end");
    },
    layers: Some(|l| {
        l.absent("l5")?;
        l.in_upper("end")
    }),
    ..Scenario::DEFAULT
};
