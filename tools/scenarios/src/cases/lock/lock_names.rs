// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a lock is the file's: it shows under every link, moves with the name, and is not on what replaces it",
    setup: |b| {
        b.file("moved", "text");
        b.file("gone", "text");
        b.file("other", "text");
        b.upper().file("three", "text");
        b.link("four", "three");
    },
    steps: |r| {
        let fd = r.open("three", O_RDONLY);
        r.flock(fd, LOCK_EX | LOCK_NB);
        r.posix_lock(fd, F_RDLCK, 0, 1);
        let fd = r.open("four", O_RDWR);
        r.flock(fd, LOCK_EX | LOCK_NB);
        r.in_child(|r| r.locks_of_others(fd, 10));
        let fd = r.open("moved", O_RDWR);
        r.flock(fd, LOCK_EX | LOCK_NB);
        r.rename("moved", "new");
        let again = r.open("new", O_RDWR);
        r.flock(again, LOCK_EX | LOCK_NB);
        r.link("new", "linked");
        let again = r.open("linked", O_RDWR);
        r.flock(again, LOCK_EX | LOCK_NB);
        let fd = r.open("gone", O_RDWR);
        r.flock(fd, LOCK_EX | LOCK_NB);
        r.rename("other", "gone");
        let again = r.open("gone", O_RDWR);
        r.flock(again, LOCK_EX | LOCK_NB);
        r.unlink("gone");
        let again = r.open("gone", O_RDWR | O_CREAT);
        r.flock(again, LOCK_EX | LOCK_NB);
    },
    layers: Some(|l| l.whiteout("moved")),
    ..Scenario::DEFAULT
};
