// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a hole is punched into a lower file",
    setup: |b| {
        b.file("f", vec![b'x'; 50_000]);
    },
    steps: |r| {
        let fd = r.open("f", O_RDWR);
        r.fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 8192, 8192);
        r.lseek(fd, 0, SEEK_HOLE);
        r.pread(fd, 10, 8190);
        r.fallocate(fd, FALLOC_FL_PUNCH_HOLE, 8192, 8192);
        r.fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 0, 4096);
        r.fallocate(fd, FALLOC_FL_ZERO_RANGE, 0, 4096);
        r.fstat(fd);
        r.close(fd);
        r.cat("f");
    },
    ..Scenario::DEFAULT
};
