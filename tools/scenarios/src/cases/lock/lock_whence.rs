// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "record locks counted from the position and from the end, which is that of the file's present size",
    setup: |b| {
        b.file("lower", vec![b'.'; 100]);
        b.upper().file("upper", vec![b'.'; 100]);
    },
    steps: |r| {
        for name in ["lower", "upper"] {
            let fd = r.open(name, O_RDWR);
            let lock = |r: &mut Run, whence, start, length| {
                let range = sys::Range::new(F_WRLCK, start, length).from(whence);
                r.record_lock(fd, libc::F_SETLK, range);
                r.in_child(|r| r.locks_of_others(fd, 1000));
                r.posix_lock(fd, F_UNLCK, 0, 0);
            };
            r.lseek(fd, 30, SEEK_SET);
            lock(r, SEEK_CUR, 5, 10);
            lock(r, SEEK_CUR, -30, 10);
            lock(r, SEEK_CUR, -31, 10);
            lock(r, SEEK_CUR, 0, -10);
            lock(r, SEEK_CUR, 0, -31);
            lock(r, SEEK_END, 0, 0);
            lock(r, SEEK_END, -20, 10);
            lock(r, SEEK_END, -101, 1);
            lock(r, 77, 0, 1);
            lock(r, SEEK_SET, i64::MAX, 2);
            r.put(name, O_WRONLY | O_APPEND, vec![b'+'; 50]);
            lock(r, SEEK_END, -20, 10);
            r.truncate(name, 40);
            lock(r, SEEK_END, 0, -40);
            r.ftruncate(fd, 500);
            lock(r, SEEK_END, -1, 1);
        }
    },
    ..Scenario::DEFAULT
};
