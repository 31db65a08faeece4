// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "the largest size a file can be given is that of the upper layer's file system",
    setup: |b| {
        b.file("lower", "text");
        b.upper().file("upper", "text");
    },
    steps: |r| {
        for path in ["lower", "upper"] {
            let fd = r.open(path, O_RDWR);
            // 16 TiB, a bit more and less, and the end of what off_t can say.
            for size in [
                (16i64 << 40) - 4096,
                (16i64 << 40) - 4095,
                16i64 << 40,
                1i64 << 62,
                i64::MAX - 4096,
                i64::MAX,
            ] {
                r.ftruncate(fd, size);
                r.truncate(path, size);
                r.fstat(fd);
            }
            r.ftruncate(fd, 4);
            r.cat(path);
        }
    },
    ..Scenario::DEFAULT
};
