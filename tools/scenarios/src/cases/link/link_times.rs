// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a link changes the times of the directory it is made in and the change time of the \
        file, not its other times",
    setup: |b| {
        b.file("from/f", "text");
        b.file("to/gone", "x");
        b.dir("still");
    },
    steps: |r| {
        let changed = |path: &str| {
            sys::stat(path, 0)
                .map(|stat| (stat.st_ctime, stat.st_ctime_nsec))
                .ok()
        };
        let before = changed("from/f");
        pause();
        r.link("from/f", "to/g");
        for path in ["from", "to", "from/f", "to/g"] {
            r.stat(path);
        }
        r.expect("the change time is later", changed("to/g") > before);
        r.unlink("to/gone");
        r.utimens("to", OLD);
        r.link("from/f", "to/gone");
        r.stat("to");
        r.stat("to/gone");
        r.utimens("to", OLD);
        r.link("from/f", "to/g");
        r.link("from/none", "still/x");
        r.link("from", "still/x");
        r.stat("to");
        r.stat("still");
    },
    layers: Some(|l| l.absent("still")),
    ..Scenario::DEFAULT
};
