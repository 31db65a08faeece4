// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "FICLONE answers as the upper layer's file system would",
    setup: |b| {
        b.file("from", "0123456789");
    },
    steps: |r| {
        let from = r.open("from", O_RDONLY);
        let new = r.open("new", O_RDWR | O_CREAT);
        r.ficlone(new, from);
        let top = r.open("top", O_RDWR | O_CREAT);
        r.write(top, "text");
        r.ficlone(new, top);
        r.ficlone(from, top);
        r.cat("new");
    },
    allow: &[Allow {
        line: "FICLONE",
        why: "between two file systems the error is EXDEV where one alone would answer EOPNOTSUPP",
    }],
    not_on: shape::SHARES_NO_BLOCKS,
    ..Scenario::DEFAULT
};
