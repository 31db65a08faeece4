// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "an open file moves under its descriptors",
    setup: |b| {
        b.file("f", "text");
    },
    steps: |r| {
        let old = r.open("f", O_RDONLY);
        let writer = r.open("f", O_RDWR);
        r.rename("f", "g");
        r.pread(old, 10, 0);
        r.pwrite(writer, "T", 0);
        r.pread(old, 10, 0);
        r.cat("g");
        r.fchmod(old, 0o600);
        r.stat("g");
    },
    ..Scenario::DEFAULT
};
