// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "read and write, by copies or directly, and a shared mapping show the same bytes at every moment",
    setup: |b| {
        b.file("lower", vec![b'.'; 4 * PAGE]);
        b.upper().file("upper", vec![b'.'; 4 * PAGE]);
    },
    steps: |r| {
        for name in ["lower", "upper"] {
            let fd = r.open(name, O_RDWR);
            let map = r.map(fd, 4 * PAGE, PROT_RW, MAP_SHARED);
            let page = PAGE as i64;
            r.store(map, PAGE - 2, "store");
            r.pread(fd, 7, page - 3);
            r.pwrite(fd, "write", 2 * page - 2);
            r.look(map, 2 * PAGE - 3, 7);
            r.put(name, O_WRONLY | O_APPEND, "appended");
            r.truncate(name, 4 * page);
            let direct = r.open(name, O_RDWR | O_DIRECT);
            r.store(map, 2 * PAGE, "before direct");
            r.read_aligned(direct, PAGE, 2 * page);
            r.write_aligned(direct, &[b'd'; PAGE], 3 * page);
            r.look(map, 3 * PAGE - 2, 4);
            r.store(map, 3 * PAGE + 5, "store");
            r.read_aligned(direct, PAGE, 3 * page);
            let other = r.open(name, O_RDONLY);
            let read = r.map(other, 4 * PAGE, PROT_READ, MAP_PRIVATE);
            r.look(read, 0, 4 * PAGE);
        }
    },
    ..Scenario::DEFAULT
};
