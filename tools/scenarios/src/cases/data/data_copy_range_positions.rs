// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "copy_file_range moves the positions it uses, and only those",
    setup: |b| {
        b.upper().file("from", "0123456789abcdef");
        b.upper().file("to", "................");
    },
    steps: |r| {
        let from = r.open("from", O_RDONLY);
        let to = r.open("to", O_RDWR);
        for (at, to_at) in [(None, None), (None, Some(8)), (Some(0), None)] {
            r.copy_range(from, at, to, to_at, 4);
            r.lseek(from, 0, SEEK_CUR);
            r.lseek(to, 0, SEEK_CUR);
        }
        r.cat("to");
        r.copy_range(from, None, to, None, 100);
        r.copy_range(from, None, to, None, 100);
        r.lseek(from, 0, SEEK_CUR);
        r.lseek(to, 0, SEEK_CUR);
        r.cat("to");
    },
    ..Scenario::DEFAULT
};
