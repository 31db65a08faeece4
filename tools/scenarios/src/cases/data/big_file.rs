// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a write in the middle of a big lower file",
    setup: |b| {
        let data: Vec<u8> = (0..3_000_000u32)
            .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
            .collect();
        b.file("f", data);
    },
    steps: |r| {
        let fd = r.open("f", O_RDWR);
        r.pwrite(fd, vec![b'!'; 10_000], 1_500_000);
        r.pread(fd, 20_000, 1_495_000);
        r.close(fd);
        r.cat("f");
        r.stat("f");
    },
    layers: Some(|l| l.in_upper("f")),
    ..Scenario::DEFAULT
};
