// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "locks of processes on ranges of a lower file",
    setup: |b| {
        b.file("f", vec![b'.'; 100]);
    },
    steps: |r| {
        let fd = r.open("f", O_RDWR);
        r.posix_lock(fd, F_WRLCK, 0, 10);
        r.in_child(|r| {
            r.get_lock(fd, F_WRLCK, 0, 100);
            r.posix_lock(fd, F_WRLCK, 5, 10);
            r.posix_lock(fd, F_WRLCK, 10, 10);
        });
        r.posix_lock(fd, F_UNLCK, 0, 0);
        r.in_child(|r| {
            r.posix_lock(fd, F_WRLCK, 0, 0);
        });
    },
    ..Scenario::DEFAULT
};
