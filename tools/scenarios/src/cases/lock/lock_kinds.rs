// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "record locks of processes and of open files exclude each other, flock neither of them",
    setup: |b| {
        b.file("lower", vec![b'.'; 100]);
        b.upper().file("upper", vec![b'.'; 100]);
    },
    steps: |r| {
        for name in ["lower", "upper"] {
            let one = r.open(name, O_RDWR);
            let two = r.open(name, O_RDWR);
            r.posix_lock(one, F_WRLCK, 0, 10);
            // Even of the same process, even through the same descriptor.
            r.ofd_lock(one, F_WRLCK, 0, 10);
            r.ofd_lock(two, F_RDLCK, 9, 1);
            r.ofd_lock(two, F_RDLCK, 10, 10);
            r.posix_lock(one, F_WRLCK, 15, 1);
            r.posix_lock(one, F_RDLCK, 15, 1);
            r.flock(two, LOCK_EX | LOCK_NB);
            r.flock(one, LOCK_SH | LOCK_NB);
            r.pwrite(one, "advice only", 0);
            // A child shares the open files, and may undo what is theirs.
            r.in_child(|r| {
                r.posix_lock(two, F_UNLCK, 0, 0);
                r.ofd_lock(two, F_UNLCK, 0, 0);
                r.flock(two, LOCK_UN);
                r.locks_of_others(one, 100);
            });
            r.flock(one, LOCK_EX | LOCK_NB);
        }
    },
    ..Scenario::DEFAULT
};
