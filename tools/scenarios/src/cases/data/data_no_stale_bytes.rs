// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "bytes cut off do not come back when the file grows again",
    setup: |b| {
        b.file("f", vec![b'x'; 20_000]);
        b.file("appended", vec![b'x'; 20_000]);
    },
    steps: |r| {
        let old = r.open("f", O_RDONLY);
        let fd = r.open("f", O_RDWR);
        // Around the borders of pages; the first size is that of the copy.
        for size in [
            12_289, 16_000, 8192, 16_384, 8191, 8193, 1, 4096, 4095, 20_000, 0, 5000,
        ] {
            r.ftruncate(fd, size);
            r.all_see(&[old, fd]);
        }
        r.truncate("appended", 5_001);
        let append = r.open("appended", O_WRONLY | O_APPEND);
        r.ftruncate(append, 9_000);
        r.write(append, "end");
        r.ftruncate(append, 4_097);
        r.write(append, "new end");
        r.cat("appended");
    },
    ..Scenario::DEFAULT
};
