// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "lseek goes as far as a file of the upper layer's file system can be large",
    setup: |b| {
        b.file("lower", "0123456789");
        b.upper().file("upper", "0123456789");
    },
    steps: |r| {
        for path in ["lower", "upper"] {
            let fd = r.open(path, O_RDWR);
            for offset in [
                5 << 30,
                1 << 40,
                (16i64 << 40) - 4096,
                16i64 << 40,
                1 << 62,
                i64::MAX,
            ] {
                r.lseek(fd, offset, SEEK_SET);
                r.lseek(fd, offset - 10, SEEK_END);
            }
        }
    },
    ..Scenario::DEFAULT
};
