// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "O_DIRECT reads of whole blocks, up to the end of the file and beyond, copy nothing",
    setup: |b| {
        let data: Vec<u8> = (0..20_000).map(|n| b'a' + (n / 1000) as u8).collect();
        b.file("f", &data);
        b.file("small", "0123456789");
        b.upper().file("upper", &data);
    },
    steps: |r| {
        for path in ["f", "upper"] {
            let fd = r.open(path, O_RDONLY | O_DIRECT);
            for (length, offset) in [
                (4096, 0),
                (8192, 4096),
                (8192, 16_384),
                (4096, 20_480),
                (4096, 1 << 30),
                (65_536, 0),
            ] {
                r.pread_aligned(fd, length, 0, offset);
            }
        }
        let small = r.open("small", O_RDONLY | O_DIRECT);
        r.pread_aligned(small, 4096, 0, 0);
    },
    layers: Some(|l| l.upper_is(&["upper"])),
    ..Scenario::DEFAULT
};
