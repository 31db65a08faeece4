// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "reads and writes near the end of what off_t can say",
    setup: |b| {
        b.file("lower", "0123456789");
        b.upper().file("upper", "0123456789");
    },
    steps: |r| {
        for path in ["lower", "upper"] {
            let fd = r.open(path, O_RDWR);
            for offset in [
                -1,
                i64::MIN,
                (16 << 40) - 4096,
                (16 << 40) - 2,
                16 << 40,
                i64::MAX - 4096,
                i64::MAX - 4,
                i64::MAX - 1,
                i64::MAX,
            ] {
                r.pread(fd, 4, offset);
                r.pwrite(fd, "abcd", offset);
                r.fstat(fd);
                // So that what is compared in the end is no larger than need be.
                r.ftruncate(fd, 10);
            }
            let append = r.open(path, O_WRONLY | O_APPEND);
            r.ftruncate(fd, i64::MAX);
            r.write(append, "more");
            r.ftruncate(fd, 10);
            r.write(append, "more");
            r.cat(path);
        }
    },
    ..Scenario::DEFAULT
};
