// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a new directory moves to where a lower one was removed, also from another parent, and \
        keeps its times",
    setup: |b| {
        b.dir("near");
        b.dir("far");
        b.dir("deep/far");
        b.dir("deep/er");
    },
    steps: |r| {
        for (victim, from) in [
            ("near", "new"),
            ("far", "deep/new"),
            ("deep/far", "deep/er/new"),
        ] {
            r.rmdir(victim);
            r.mkdir(from);
            r.put(&format!("{from}/f"), O_WRONLY | O_CREAT, "text");
            r.utimens(from, OLD);
            r.rename(from, victim);
            r.stat(victim);
            r.ls(victim);
            r.lstat(from);
        }
    },
    layers: Some(|l| {
        l.opaque("far")?;
        l.absent("deep/new")?;
        l.absent("deep/er/new")
    }),
    ..Scenario::DEFAULT
};
