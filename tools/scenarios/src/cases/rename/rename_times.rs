// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a rename changes the times of both directories and the change time of the object, nothing else; a refused one nothing",
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
        let times = |path: &str| sys::stat(path, 0).map(|s| (s.st_mtime, s.st_mtime_nsec));
        r.rename("still/none", "to/x");
        r.rename("still/a", "still/d");
        r.rename2("still/a", "to/victim", RENAME_NOREPLACE);
        r.rename("still/a", "still/a");
        for dir in ["from", "to", "still"] {
            r.stat(dir);
        }
        r.rename("from/f", "to/g");
        for path in ["from", "to", "to/g"] {
            r.stat(path);
        }
        let changed = sys::stat("to/g", 0).is_ok_and(|stat| stat.st_ctime > OLD.0);
        r.expect("the change time is of today", changed);
        r.utimens("to", OLD);
        r.rename2("to/g", "to/victim", RENAME_EXCHANGE);
        r.stat("to");
        r.utimens("to", OLD);
        r.rename("to/g", "to/victim");
        r.stat("to");
        // A directory keeps its own times when it moves to another parent.
        r.mkdir("from/d");
        r.utimens("from/d", OLD);
        let before = times("from/d");
        r.rename("from/d", "to/d");
        r.expect("the directory keeps its times", before == times("to/d"));
    },
    layers: Some(|l| l.absent("still")),
    ..Scenario::DEFAULT
};
