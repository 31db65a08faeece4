// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "ftruncate needs a writable descriptor",
    setup: |b| {
        b.file("f", "0123456789");
    },
    steps: |r| {
        let read_only = r.open("f", O_RDONLY);
        r.ftruncate(read_only, 2);
        r.close(read_only);
        let fd = r.open("f", O_RDWR);
        r.ftruncate(fd, 2);
        r.fstat(fd);
        r.close(fd);
        r.cat("f");
    },
    ..Scenario::DEFAULT
};
