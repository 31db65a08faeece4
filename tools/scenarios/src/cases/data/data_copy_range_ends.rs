// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "copy_file_range ends where its source ends, and refuses offsets that are none",
    setup: |b| {
        b.upper().file("from", "0123456789");
        b.upper().file("to", "..........");
    },
    steps: |r| {
        let from = r.open("from", O_RDONLY);
        let to = r.open("to", O_RDWR);
        for (at, to_at, length) in [
            (8, 0, 100),
            (10, 0, 100),
            (1 << 40, 0, 100),
            (0, 20, 0),
            (-1, 0, 1),
            (0, -1, 1),
            (0, i64::MAX, 1),
            (0, i64::MAX - 3, 10),
            (i64::MAX - 3, 0, 10),
            (0, 0, usize::MAX),
            (0, 12, 3),
        ] {
            r.copy_range(from, Some(at), to, Some(to_at), length);
        }
        r.fstat(to);
        r.pread(to, 40, 0);
        r.ftruncate(to, 10);
    },
    ..Scenario::DEFAULT
};
