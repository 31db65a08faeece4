// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a write through a mapping moves the times of the file when a write to its file system would",
    setup: |b| {
        b.file("low", vec![b'x'; 4096]);
        b.upper().file("top", vec![b'x'; 4096]);
    },
    steps: |r| {
        for name in ["low", "top"] {
            let fd = r.open(name, O_RDWR);
            let mut map = r.mmap(fd, 4096, PROT_READ | PROT_WRITE, MAP_SHARED);
            r.utimens(name, (1_000_000_000, 5));
            r.touched(&[name], |r| {
                if let Some(map) = &mut map {
                    map.store(10, b"mapped");
                }
                r.fsync(fd);
            });
            drop(map);
            r.stat(name);
        }
    },
    ..Scenario::DEFAULT
};
