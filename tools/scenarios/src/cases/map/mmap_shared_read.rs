// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a shared mapping for reading shows the file",
    setup: |b| {
        b.file("f", vec![b'a'; 100]);
    },
    steps: |r| {
        let fd = r.open("f", O_RDONLY);
        let map = r.mmap(fd, 100, PROT_READ, MAP_SHARED);
        r.mapped("mapping", &map);
        drop(map);
        r.put("f", O_WRONLY, "changed");
        let map = r.mmap(fd, 100, PROT_READ, MAP_SHARED);
        r.mapped("mapping made after the write", &map);
        r.close(fd);
    },
    ..Scenario::DEFAULT
};
