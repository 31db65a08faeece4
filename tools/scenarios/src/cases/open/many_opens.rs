// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "many descriptors of one file, before and after copy-up",
    setup: |b| {
        b.file("f", "0123456789");
    },
    steps: |r| {
        let readers: Vec<Fd> = (0..20).map(|_| r.open("f", O_RDONLY)).collect();
        let writers: Vec<Fd> = (0..20).map(|_| r.open("f", O_RDWR)).collect();
        for (number, fd) in writers.iter().enumerate() {
            r.pwrite(*fd, "x", number as i64);
            r.pread(readers[number], 30, 0);
        }
        for fd in readers.into_iter().chain(writers) {
            r.fstat(fd);
            r.close(fd);
        }
    },
    ..Scenario::DEFAULT
};
