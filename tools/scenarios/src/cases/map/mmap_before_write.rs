// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a mapping made before the first write, and the write",
    setup: |b| {
        b.file("f", vec![b'a'; 100]);
    },
    steps: |r| {
        let fd = r.open("f", O_RDONLY);
        let map = r.mmap(fd, 100, PROT_READ, MAP_SHARED);
        r.mapped("mapping", &map);
        r.put("f", O_WRONLY, "changed");
        r.mapped("the old mapping", &map);
        r.pread(fd, 10, 0);
    },
    allow: &[Allow {
        line: "the old mapping",
        why: "a mapping made while the file was below goes on showing the lower file",
    }],
    ..Scenario::DEFAULT
};
