// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "fallocate beyond the largest size of a file says EFBIG, as the upper layer's file system does",
    setup: |b| {
        b.file("f", "text");
        b.upper().file("upper", "text");
    },
    steps: |r| {
        for path in ["f", "upper"] {
            let fd = r.open(path, O_RDWR);
            for offset in [16i64 << 40, 1 << 62, i64::MAX - 1] {
                r.fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, 1);
            }
            r.fallocate(fd, 0, 16 << 40, i64::MAX - (16 << 40) + 1);
            r.fstat(fd);
        }
    },
    ..Scenario::DEFAULT
};
