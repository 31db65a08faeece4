// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "ranges are copied between lower and new files",
    setup: |b| {
        b.file("from", "0123456789");
        b.file("to", "..........");
    },
    steps: |r| {
        let from = r.open("from", O_RDONLY);
        let new = r.open("new", O_RDWR | O_CREAT);
        r.copy_file_range(from, 2, new, 0, 5);
        r.cat("new");
        let to = r.open("to", O_RDWR);
        r.copy_file_range(from, 0, to, 4, 100);
        r.pread(to, 30, 0);
        r.copy_file_range(to, 0, from, 0, 1);
        let both = r.open("from", O_RDWR);
        r.copy_file_range(both, 0, both, 5, 3);
        r.pread(both, 20, 0);
        r.copy_file_range(both, 0, both, 1, 5);
        r.pread(from, 20, 0);
    },
    layers: Some(|l| l.in_upper("to")),
    ..Scenario::DEFAULT
};
