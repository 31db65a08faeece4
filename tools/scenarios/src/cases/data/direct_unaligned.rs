// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "O_DIRECT transfers that are not aligned are done or refused as the upper layer's file system does",
    setup: |b| {
        b.file("lower", vec![b'x'; 20_000]);
        b.upper().file("upper", vec![b'x'; 20_000]);
    },
    steps: |r| {
        for path in ["upper", "lower"] {
            let fd = r.open(path, O_RDWR | O_DIRECT);
            // The first one copies a lower file up, whatever comes of it.
            r.pwrite_aligned(fd, b'a', 100, 0);
            r.pwrite_aligned(fd, b'b', 4096, 100);
            r.pwrite_aligned(fd, b'c', 512, 512);
            r.pwrite_aligned(fd, b'd', 4096, 19_000);
            r.pread_aligned(fd, 100, 0, 0);
            r.pread_aligned(fd, 4096, 0, 100);
            r.pread_aligned(fd, 4096, 1, 0);
            r.pread_aligned(fd, 512, 0, 512);
            r.fstat(fd);
            r.cat(path);
        }
    },
    not_on: shape::NO_DIRECT,
    ..Scenario::DEFAULT
};
