// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "MAP_FIXED puts a lower file in the place of a part of another one's mapping",
    setup: |b| {
        b.file("below", vec![b'l'; 3 * PAGE]);
        b.file("reader", vec![b'r'; 3 * PAGE]);
        b.upper().file("above", vec![b'u'; 3 * PAGE]);
    },
    steps: |r| {
        let above = r.open("above", O_RDWR);
        let map = r.map(above, 3 * PAGE, PROT_RW, MAP_SHARED);
        let below = r.open("below", O_RDWR);
        let middle = r.map_over(map.part(PAGE, PAGE), below, 0, PROT_RW, MAP_SHARED);
        r.expect("it is there", middle.address() == map.address() + PAGE);
        r.look(map, PAGE - 2, 4);
        r.look(map, 2 * PAGE - 2, 4);
        r.store(map, PAGE - 3, "across");
        r.pread(above, 6, PAGE as i64 - 5);
        r.pread(below, 6, 0);
        let reader = r.open("reader", O_RDONLY);
        r.map_over(map.part(0, 2 * PAGE), reader, 0, PROT_READ, MAP_SHARED);
        r.look(map, 2 * PAGE - 2, 4);
        r.poke(map, 0, b'x');
        // What cannot be mapped leaves what is there.
        r.map_over(map.part(0, PAGE), reader, 0, PROT_RW, MAP_SHARED);
        r.peek(map, 0);
    },
    layers: Some(|l| l.upper_is(&["above", "below"])),
    ..Scenario::DEFAULT
};
