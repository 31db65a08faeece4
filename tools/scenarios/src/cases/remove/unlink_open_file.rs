// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a deleted lower file lives on through its descriptors",
    setup: |b| {
        b.file("f", "text");
    },
    steps: |r| {
        let reader = r.open("f", O_RDONLY);
        let writer = r.open("f", O_RDWR);
        r.unlink("f");
        r.pread(reader, 10, 0);
        r.fstat(reader);
        r.put("f", O_WRONLY | O_CREAT, "another file");
        r.pread(reader, 20, 0);
        r.pwrite(writer, "T", 0);
        r.pread(writer, 20, 0);
        r.pread(reader, 20, 0);
        r.fchmod(writer, 0o600);
        r.cat("f");
    },
    ..Scenario::DEFAULT
};
