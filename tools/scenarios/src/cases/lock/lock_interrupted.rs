// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "waiting for a lock ends with EINTR when a signal is caught, and nothing is locked then",
    setup: |b| {
        b.file("lower", vec![b'.'; 100]);
        b.upper().file("upper", vec![b'.'; 100]);
    },
    steps: |r| {
        for name in ["lower", "upper"] {
            let fd = r.open(name, O_RDWR);
            r.posix_lock(fd, F_WRLCK, 10, 10);
            r.flock(fd, LOCK_SH);
            r.in_child(|r| {
                let fd = r.open(name, O_RDWR);
                let result = sys::alarm_every(std::time::Duration::from_millis(100));
                r.done("an alarm every 100 ms", result);
                for command in [libc::F_SETLKW, libc::F_OFD_SETLKW] {
                    r.record_lock(fd, command, sys::Range::new(F_WRLCK, 0, 15));
                    r.record_lock(fd, command, sys::Range::new(F_WRLCK, 0, 10));
                    r.record_lock(fd, command, sys::Range::new(F_UNLCK, 0, 0));
                }
                r.flock(fd, LOCK_EX);
                r.flock(fd, LOCK_SH);
            });
            r.in_child(|r| r.locks_of_others(fd, 100));
        }
    },
    layers: Some(|l| l.upper_is(&["upper"])),
    ..Scenario::DEFAULT
};
