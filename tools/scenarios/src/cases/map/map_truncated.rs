// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "what truncation cuts off is gone from every mapping, private pages included, and comes back as zeros",
    setup: |b| {
        b.file("lower", vec![b'.'; 3 * PAGE]);
        b.upper().file("upper", vec![b'.'; 3 * PAGE]);
    },
    steps: |r| {
        for name in ["lower", "upper"] {
            let fd = r.open(name, O_RDWR);
            let shared = r.map(fd, 3 * PAGE, PROT_RW, MAP_SHARED);
            // The file is in the upper layer now, so this is of the same.
            let own = r.map(fd, 3 * PAGE, PROT_RW, MAP_PRIVATE);
            r.store(shared, 2 * PAGE, "shared");
            r.store(own, PAGE, "own");
            r.store(own, 10, "kept");
            r.truncate(name, 100);
            for map in [shared, own] {
                r.peek(map, 10);
                r.peek(map, 99);
                r.peek(map, 100);
                r.peek(map, PAGE);
                r.poke(map, 2 * PAGE, b'x');
            }
            r.truncate(name, 3 * PAGE as i64);
            for map in [shared, own] {
                r.look(map, 96, 8);
                r.look(map, PAGE, 3);
                r.look(map, 2 * PAGE, 6);
            }
        }
    },
    ..Scenario::DEFAULT
};
