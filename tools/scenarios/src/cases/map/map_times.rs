// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "mapping changes no time, not even of a file it copies up; storing changes what it changes elsewhere",
    setup: |b| {
        b.file("d/looked", vec![b'.'; PAGE]);
        b.file("d/stored", vec![b'.'; PAGE]);
        b.upper().file("upper", vec![b'.'; PAGE]);
    },
    steps: |r| {
        let fd = r.open("d/looked", O_RDWR);
        let map = r.map(fd, PAGE, PROT_RW, MAP_SHARED);
        r.peek(map, 0);
        r.done("msync", map.sync(MS_SYNC));
        r.fstat(fd);
        r.stat("d");
        for name in ["d/stored", "upper"] {
            let fd = r.open(name, O_RDWR);
            let map = r.map(fd, PAGE, PROT_RW, MAP_SHARED);
            // The first access is the store, so that every file system notices it.
            r.store(map, 0, "stored");
            r.done("msync", map.sync(MS_SYNC));
            r.fstat(fd);
            r.utimens(name, OLD);
            r.stat(name);
        }
    },
    layers: Some(|l| l.in_upper("d/looked")),
    ..Scenario::DEFAULT
};
