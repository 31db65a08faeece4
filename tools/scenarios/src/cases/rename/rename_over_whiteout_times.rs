// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "what moves to where something was removed gets a later change time and keeps its \
        modification time, in one directory or to another",
    setup: |b| {
        for name in ["f1", "f2", "f3", "low", "low_far", "to/f4", "to/f5"] {
            b.file(name, "text");
        }
    },
    steps: |r| {
        let mut moved = |old: &str, new: &str| {
            r.unlink(new);
            r.utimens(old, OLD);
            let changed = |path: &str| {
                sys::stat(path, 0)
                    .map(|stat| (stat.st_ctime, stat.st_ctime_nsec))
                    .ok()
            };
            let before = changed(old);
            pause();
            r.rename(old, new);
            r.stat(new);
            r.expect("the change time is later", changed(new) > before);
        };
        moved("low", "f1");
        moved("low_far", "to/f4");
        for (victim, number) in [("f2", 1), ("f3", 2), ("to/f5", 3)] {
            let new = format!("new{number}");
            sys::mkdir(&new, 0o755).expect("mkdir");
            moved(&new, victim);
        }
        r.ls(".");
        r.ls("to");
    },
    layers: Some(|l| {
        l.whiteout("low")?;
        l.whiteout("low_far")?;
        l.absent("new1")
    }),
    ..Scenario::DEFAULT
};
