// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "record locks of one process merge, split and change their kind, before and after copy-up",
    setup: |b| {
        b.file("lower", vec![b'.'; 100]);
        b.upper().file("upper", vec![b'.'; 100]);
    },
    steps: |r| {
        for name in ["lower", "upper"] {
            let fd = r.open(name, O_RDWR);
            for (kind, start, length) in [
                (F_RDLCK, 0, 10),
                (F_RDLCK, 20, 10),
                (F_RDLCK, 10, 10),
                (F_WRLCK, 5, 5),
                (F_UNLCK, 12, 3),
                (F_WRLCK, 0, 30),
                (F_UNLCK, 0, 1),
                (F_RDLCK, 40, 0),
                (F_UNLCK, 60, 5),
                (F_UNLCK, 0, 0),
            ] {
                r.posix_lock(fd, kind, start, length);
                if start == 5 {
                    // The rest of the locks are set on what is in the upper layer.
                    r.pwrite(fd, "x", 99);
                }
                r.in_child(|r| r.locks_of_others(fd, 100));
            }
        }
    },
    layers: Some(|l| l.in_upper("lower")),
    ..Scenario::DEFAULT
};
