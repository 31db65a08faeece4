// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "direct and buffered access and mappings of one file agree before and after copy-up",
    setup: |b| {
        b.file("f", vec![b'.'; 16_384]);
    },
    steps: |r| {
        let buffered = r.open("f", O_RDWR);
        let direct = r.open("f", O_RDWR | O_DIRECT);
        r.pread(buffered, 5, 0);
        r.pread_aligned(direct, 4096, 0, 0);
        r.pwrite(buffered, "first", 0);
        r.pread_aligned(direct, 4096, 0, 0);
        r.pwrite_aligned(direct, b'd', 4096, 4096);
        r.pread(buffered, 10, 4090);
        let mut map = r.mmap(buffered, 16_384, PROT_READ | PROT_WRITE, MAP_SHARED);
        r.mapped("mapping", &map);
        if let Some(map) = &mut map {
            map.store(8192, b"mapped");
        }
        r.pread_aligned(direct, 4096, 0, 8192);
        r.pwrite_aligned(direct, b'e', 4096, 8192);
        r.pread(buffered, 10, 8190);
        r.mapped("mapping", &map);
        r.ftruncate(buffered, 10_000);
        r.pread_aligned(direct, 8192, 0, 8192);
    },
    ..Scenario::DEFAULT
};
