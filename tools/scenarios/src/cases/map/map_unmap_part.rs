// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a mapping with its middle unmapped is two mappings of the file",
    setup: |b| {
        b.file("lower", vec![b'.'; 3 * PAGE]);
        b.upper().file("upper", vec![b'.'; 3 * PAGE]);
    },
    steps: |r| {
        for name in ["lower", "upper"] {
            let fd = r.open(name, O_RDWR);
            let map = r.map(fd, 3 * PAGE, PROT_RW, MAP_SHARED);
            r.close(fd);
            r.store(map, PAGE, "before");
            r.done("unmapping", map.part(PAGE, PAGE).unmap());
            r.peek(map, PAGE);
            r.store(map, PAGE - 3, "end");
            r.store(map, 2 * PAGE, "begin");
            r.done("unmapping the first", map.part(0, PAGE).unmap());
            r.peek(map, 0);
            r.store(map, 3 * PAGE - 4, "last");
            r.done("unmapping nothing", map.part(0, PAGE).unmap());
            r.done("unmapping at an odd place", map.part(1, PAGE).unmap());
            r.cat(name);
        }
    },
    ..Scenario::DEFAULT
};
