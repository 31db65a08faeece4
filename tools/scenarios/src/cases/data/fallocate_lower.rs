// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "space is allocated in a lower file",
    setup: |b| {
        b.file("f", "text");
    },
    steps: |r| {
        let fd = r.open("f", O_RDWR);
        r.fallocate(fd, 0, 0, 10_000);
        r.fstat(fd);
        r.fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 50_000);
        r.fstat(fd);
        r.fallocate(fd, 0, -1, 1);
        r.close(fd);
        let fd = r.open("f", O_RDONLY);
        r.fallocate(fd, 0, 0, 10);
        r.close(fd);
        r.cat("f");
    },
    ..Scenario::DEFAULT
};
