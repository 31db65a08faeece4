// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a descriptor opened before copy-up sees what is written later",
    setup: |b| {
        b.file("f", "old text");
    },
    steps: |r| {
        let old = r.open("f", O_RDONLY);
        r.read(old, 3);
        let writer = r.open("f", O_RDWR);
        r.pwrite(writer, "NEW", 4);
        r.read(old, 20);
        r.pread(old, 20, 0);
        r.ftruncate(writer, 2);
        r.pread(old, 20, 0);
        r.fstat(old);
        r.lseek(old, 0, SEEK_END);
        r.close(writer);
        r.close(old);
    },
    ..Scenario::DEFAULT
};
