// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "stores through a private mapping stay private, nothing is copied",
    setup: |b| {
        b.file("f", vec![b'.'; 5000]);
    },
    steps: |r| {
        let fd = r.open("f", O_RDONLY);
        r.mmap(fd, 5000, PROT_READ | PROT_WRITE, MAP_SHARED);
        let mut map = r.mmap(fd, 5000, PROT_READ | PROT_WRITE, MAP_PRIVATE);
        if let Some(map) = &mut map {
            map.store(10, b"private");
        }
        r.mapped("mapping", &map);
        r.pread(fd, 30, 0);
        r.close(fd);
    },
    layers: Some(|l| l.upper_is(&[])),
    ..Scenario::DEFAULT
};
