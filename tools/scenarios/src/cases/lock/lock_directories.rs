// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "directories are locked with flock, in whichever layers they are, and stay locked through copy-up",
    setup: |b| {
        b.file("lower/a", "a");
        b.lower(0).file("merged/a", "a");
        b.lower(1).file("merged/b", "b");
        b.upper().file("merged/c", "c");
        b.dir("upper");
    },
    steps: |r| {
        for name in ["lower", "merged", "upper"] {
            let fd = r.open(name, O_RDONLY | O_DIRECTORY);
            let early = r.open(name, O_RDONLY | O_DIRECTORY);
            r.flock(fd, LOCK_EX | LOCK_NB);
            r.flock(early, LOCK_SH | LOCK_NB);
            r.put(&format!("{name}/new"), O_WRONLY | O_CREAT, "new");
            r.flock(early, LOCK_SH | LOCK_NB);
            let late = r.open(name, O_RDONLY | O_DIRECTORY);
            r.flock(late, LOCK_SH | LOCK_NB);
            r.flock(fd, LOCK_SH | LOCK_NB);
            r.flock(early, LOCK_SH | LOCK_NB);
            r.flock(late, LOCK_SH | LOCK_NB);
        }
        // A removed directory and a new one of its name are two.
        let old = r.open("upper", O_RDONLY | O_DIRECTORY);
        r.unlink("upper/new");
        r.rmdir("upper");
        r.mkdir("upper");
        let new = r.open("upper", O_RDONLY | O_DIRECTORY);
        r.flock(new, LOCK_EX | LOCK_NB);
        r.flock(old, LOCK_EX | LOCK_NB);
    },
    ..Scenario::DEFAULT
};
