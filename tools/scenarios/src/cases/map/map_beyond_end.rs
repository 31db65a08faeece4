// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a mapping reaches to the end of the page the file ends in; beyond is SIGBUS until the file grows",
    setup: |b| {
        b.file("lower", vec![b'.'; 5000]);
        b.file("empty", "");
        b.upper().file("upper", vec![b'.'; 5000]);
    },
    steps: |r| {
        let page = sys::page_size();
        let end = 5000usize.next_multiple_of(page);
        for name in ["lower", "upper"] {
            let reader = r.open(name, O_RDONLY);
            let map = r.map(reader, 4 * PAGE, PROT_READ, MAP_SHARED);
            r.look(map, 4990, 20);
            r.peek(map, end - 1);
            r.peek(map, end);
            let fd = r.open(name, O_RDWR);
            let map = r.map(fd, 4 * PAGE, PROT_RW, MAP_SHARED);
            // Zeros behind the end are a part of the page, not of the file.
            r.store(map, 6000, "lost");
            r.poke(map, end, b'x');
            r.ftruncate(fd, (end + page) as i64);
            r.peek(map, 6000);
            r.store(map, end, "reached");
            r.peek(map, end + page);
            r.pread(fd, 10, end as i64);
            r.pread(fd, 10, 5996);
        }
        let fd = r.open("empty", O_RDWR);
        let map = r.map(fd, PAGE, PROT_RW, MAP_SHARED);
        r.peek(map, 0);
        r.write(fd, "no longer");
        r.peek(map, 0);
    },
    layers: Some(|l| l.in_upper("empty")),
    ..Scenario::DEFAULT
};
