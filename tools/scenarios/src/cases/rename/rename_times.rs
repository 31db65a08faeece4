// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a rename changes the times of both directories and the change time of the object, \
        nothing else; a refused one nothing",
    setup: |b| {
        for dir in ["from", "to", "still"] {
            b.dir(dir);
        }
        b.file("from/f", "text");
        b.file("to/victim", "text");
        b.file("still/a", "a");
        b.dir("still/d");
    },
    steps: |r| {
        let changed = |path: &str| {
            sys::stat(path, 0)
                .map(|stat| (stat.st_ctime, stat.st_ctime_nsec))
                .ok()
        };
        r.rename("still/none", "to/x");
        r.rename("still/a", "still/d");
        r.rename2("still/a", "to/victim", RENAME_NOREPLACE);
        r.rename("still/a", "still/a");
        for dir in ["from", "to", "still"] {
            r.stat(dir);
        }
        let before = changed("from/f");
        pause();
        r.rename("from/f", "to/g");
        for path in ["from", "to", "to/g"] {
            r.stat(path);
        }
        r.expect("the change time is later", changed("to/g") > before);
        r.utimens("to", OLD);
        r.rename2("to/g", "to/victim", RENAME_EXCHANGE);
        r.stat("to");
        r.utimens("to", OLD);
        r.rename("to/g", "to/victim");
        r.stat("to");
        // Another parent changes the time of a directory itself on some file systems.
        r.mkdir("from/d");
        r.utimens("from/d", OLD);
        r.rename("from/d", "to/d");
        r.stat("to/d");
    },
    layers: Some(|l| l.absent("still")),
    ..Scenario::DEFAULT
};
