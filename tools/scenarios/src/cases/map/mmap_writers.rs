// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "mappings of several descriptors and writes show one file",
    setup: |b| {
        b.file("f", vec![b'.'; 8192]);
    },
    steps: |r| {
        let one = r.open("f", O_RDWR);
        let two = r.open("f", O_RDWR);
        r.pwrite(one, "first", 0);
        let mut map = r.mmap(two, 8192, PROT_READ | PROT_WRITE, MAP_SHARED);
        r.pwrite(one, "second", 5000);
        r.mapped("mapping", &map);
        if let Some(map) = &mut map {
            map.store(100, b"mapped");
        }
        r.pread(one, 6, 100);
        let other = r.mmap(one, 8192, PROT_READ, MAP_SHARED);
        r.mapped("another mapping", &other);
        r.ftruncate(one, 4096);
        r.fstat(two);
    },
    ..Scenario::DEFAULT
};
