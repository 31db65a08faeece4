// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a directory of the upper layer alone, in which whiteouts are left that hide nothing, is \
        replaced, moves and is refilled",
    setup: |b| {
        b.lower(0).dir("lower");
        b.file("hidden/f", "below");
        b.upper().whiteout("only/a");
        b.whiteout("only/b");
        b.opaque("hidden");
        b.whiteout("hidden/f");
        b.whiteout("hidden/g");
        b.whiteout("moving/x");
        b.whiteout("moving/y");
        b.file("moving/z", "z");
    },
    steps: |r| {
        for victim in ["only", "hidden"] {
            r.see(victim);
            let held = r.open(victim, O_RDONLY | O_DIRECTORY);
            r.make(What::Full, "new");
            r.rename("new", victim);
            r.see(victim);
            r.rest(held);
            r.in_child(|r| {
                r.fchdir(held);
                r.put("f", O_WRONLY | O_CREAT, "x");
            });
        }
        r.see("moving");
        r.rename("moving", "lower");
        r.see("lower");
        r.put("lower/x", O_WRONLY | O_CREAT | O_EXCL, "x");
        r.rename("lower/z", "lower/y");
        r.rename("lower", "moving");
        r.see("moving");
        r.lstat("lower");
    },
    layers: Some(|l| {
        l.opaque("hidden")?;
        l.absent("hidden/f")?;
        l.whiteout("lower")?;
        l.in_upper("moving/y")
    }),
    ..Scenario::DEFAULT
};
