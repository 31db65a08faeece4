// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "stores through a shared mapping reach the file",
    setup: |b| {
        b.file("f", vec![b'.'; 5000]);
    },
    steps: |r| {
        let fd = r.open("f", O_RDWR);
        let mut map = r.mmap(fd, 5000, PROT_READ | PROT_WRITE, MAP_SHARED);
        if let Some(map) = &mut map {
            map.store(4990, b"mapped");
            map.store(0, b"start");
            r.done("msync", map.sync());
        }
        r.pread(fd, 5, 0);
        r.pread(fd, 10, 4990);
        drop(map);
        r.close(fd);
        r.cat("f");
    },
    layers: Some(|l| l.in_upper("f")),
    ..Scenario::DEFAULT
};
