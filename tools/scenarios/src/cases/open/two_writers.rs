// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "two descriptors opened before copy-up write to one file",
    setup: |b| {
        b.file("f", "..........");
    },
    steps: |r| {
        let one = r.open("f", O_RDWR);
        let two = r.open("f", O_RDWR);
        r.pwrite(one, "11", 0);
        r.pwrite(two, "22", 4);
        r.pread(one, 20, 0);
        r.pread(two, 20, 0);
        r.close(one);
        r.pwrite(two, "33", 8);
        r.close(two);
        r.cat("f");
    },
    ..Scenario::DEFAULT
};
