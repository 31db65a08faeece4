// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a child shares the shared mappings of its parent and has private ones of its own",
    setup: |b| {
        b.file("lower", vec![b'.'; PAGE]);
        b.upper().file("upper", vec![b'.'; PAGE]);
    },
    steps: |r| {
        for name in ["lower", "upper"] {
            let fd = r.open(name, O_RDWR);
            let shared = r.map(fd, PAGE, PROT_RW, MAP_SHARED);
            let own = r.map(fd, PAGE, PROT_RW, MAP_PRIVATE);
            r.store(own, 0, "parent");
            r.with_peer(
                |r, turns| {
                    r.look(own, 0, 6);
                    r.store(own, 0, "child");
                    r.store(shared, 0, "child");
                    turns.pass();
                    r.look(shared, 0, 12);
                },
                |r, turns, _| {
                    turns.pass();
                    r.look(own, 0, 6);
                    r.look(shared, 0, 12);
                    r.store(shared, 6, "parent");
                    turns.pass();
                },
            );
            r.pread(fd, 12, 0);
        }
    },
    ..Scenario::DEFAULT
};
