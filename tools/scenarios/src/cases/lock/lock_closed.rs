// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "to close any descriptor of a file drops the process's record locks on it, and no other lock",
    setup: |b| {
        b.file("lower", vec![b'.'; 100]);
        b.file("copied", vec![b'.'; 100]);
        b.upper().file("upper", vec![b'.'; 100]);
    },
    steps: |r| {
        for name in ["lower", "copied", "upper"] {
            let fd = r.open(name, O_RDWR);
            let before = r.open(name, O_RDONLY);
            r.posix_lock(fd, F_WRLCK, 0, 10);
            r.ofd_lock(fd, F_WRLCK, 20, 10);
            r.flock(fd, LOCK_EX | LOCK_NB);
            if name == "copied" {
                r.chmod(name, 0o600);
            }
            // The parent's locks are none of the child's business.
            r.in_child(|r| {
                r.close(before);
                r.locks_of_others(fd, 100);
            });
            r.close(before);
            r.in_child(|r| r.locks_of_others(fd, 100));
            r.posix_lock(fd, F_WRLCK, 0, 10);
            r.cat(name);
            r.in_child(|r| r.locks_of_others(fd, 100));
            let other = r.open(name, O_RDWR);
            r.flock(other, LOCK_EX | LOCK_NB);
            // A descriptor made by dup keeps what belongs to the open file.
            let copy = sys::fcntl(fd.raw(), libc::F_DUPFD_CLOEXEC, 0).unwrap_or(-1);
            r.close(fd);
            r.flock(other, LOCK_EX | LOCK_NB);
            r.ofd_lock(other, F_WRLCK, 20, 10);
            r.done("closing the last", sys::close(copy));
            r.flock(other, LOCK_EX | LOCK_NB);
            r.ofd_lock(other, F_WRLCK, 20, 10);
        }
    },
    ..Scenario::DEFAULT
};
