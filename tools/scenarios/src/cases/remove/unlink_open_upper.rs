// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a deleted copied-up file lives on through its descriptors",
    setup: |b| {
        b.file("f", "text");
    },
    steps: |r| {
        let old = r.open("f", O_RDONLY);
        let fd = r.open("f", O_RDWR);
        r.pwrite(fd, "T", 0);
        r.unlink("f");
        r.fstat(fd);
        r.pwrite(fd, "E", 1);
        r.pread(fd, 10, 0);
        r.pread(old, 10, 0);
        r.ftruncate(fd, 1);
        r.fstat(fd);
    },
    ..Scenario::DEFAULT
};
