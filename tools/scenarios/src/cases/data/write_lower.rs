// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "the first write copies the file up, the rest of it stays",
    setup: |b| {
        b.file("f", "0123456789").mode(0o640).owner(1000, 1001);
    },
    steps: |r| {
        let fd = r.open("f", O_RDWR);
        r.pwrite(fd, "ab", 3);
        r.pread(fd, 20, 0);
        r.fstat(fd);
        r.close(fd);
        r.cat("f");
        r.stat("f");
    },
    layers: Some(|l| l.in_upper("f")),
    ..Scenario::DEFAULT
};
