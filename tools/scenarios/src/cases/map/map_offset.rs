// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a mapping from the middle of a file shows, and changes, the middle",
    setup: |b| {
        let pages: Vec<u8> = (b'a'..=b'e').flat_map(|byte| vec![byte; PAGE]).collect();
        b.file("lower", &pages);
        b.file("copied", &pages);
        b.upper().file("upper", &pages);
    },
    steps: |r| {
        r.chmod("copied", 0o600);
        for name in ["lower", "copied", "upper"] {
            let fd = r.open(name, O_RDWR);
            let own = r.map_at(fd, 3 * PAGE as i64, 2 * PAGE, PROT_RW, MAP_PRIVATE);
            r.look(own, PAGE - 2, 4);
            let map = r.map_at(fd, PAGE as i64, 2 * PAGE, PROT_RW, MAP_SHARED);
            r.look(map, PAGE - 2, 4);
            r.store(map, PAGE - 2, "over");
            r.pread(fd, 8, 2 * PAGE as i64 - 4);
            // From the last page on and past the end.
            let last = r.map_at(fd, 4 * PAGE as i64, 2 * PAGE, PROT_RW, MAP_SHARED);
            r.peek(last, 0);
            r.peek(last, PAGE);
            let outside = r.map_at(fd, 100 * PAGE as i64, PAGE, PROT_RW, MAP_SHARED);
            r.peek(outside, 0);
        }
    },
    ..Scenario::DEFAULT
};
