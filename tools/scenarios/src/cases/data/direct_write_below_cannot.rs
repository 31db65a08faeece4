// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a lower file is opened for writing past the page cache where the upper layer can do that, \
        whatever is below",
    setup: |b| {
        b.file("f", vec![b'a'; 16_384]);
        b.file("w", vec![b'a'; 16_384]);
    },
    steps: |r| {
        let fd = r.open("f", O_RDWR | O_DIRECT);
        r.pread_aligned(fd, 4096, 0, 4096);
        r.pwrite_aligned(fd, b'b', 4096, 4096);
        r.pread_aligned(fd, 8192, 0, 0);
        let fd = r.open("w", O_WRONLY | O_DIRECT);
        r.pwrite_aligned(fd, b'c', 4096, 0);
        r.cat("w");
    },
    layers: Some(|l| l.upper_is(&["f", "w"])),
    ..Scenario::DEFAULT
};
