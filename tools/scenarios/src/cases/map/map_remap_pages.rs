// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "remap_file_pages exchanges pages of a shared mapping",
    setup: |b| {
        let pages: Vec<u8> = (b'a'..=b'd').flat_map(|byte| vec![byte; PAGE]).collect();
        b.file("reader", &pages);
        b.file("lower", &pages);
        b.upper().file("upper", &pages);
    },
    steps: |r| {
        for (name, open, flags) in [
            ("reader", O_RDONLY, MAP_PRIVATE),
            ("reader", O_RDONLY, MAP_SHARED),
            ("lower", O_RDWR, MAP_SHARED),
            ("upper", O_RDWR, MAP_SHARED),
        ] {
            let fd = r.open(name, open);
            let protection = if open == O_RDWR { PROT_RW } else { PROT_READ };
            let map = r.map(fd, 4 * PAGE, protection, flags);
            r.done(
                "first from the fourth",
                map.part(0, PAGE).remap_pages(3 * PAGE),
            );
            r.done(
                "fourth from the first",
                map.part(3 * PAGE, PAGE).remap_pages(0),
            );
            for page in 0..4 {
                r.peek(map, page * PAGE);
            }
            if open == O_RDWR {
                r.store(map, 0, "into the fourth");
                r.pread(fd, 16, 3 * PAGE as i64);
            }
        }
    },
    layers: Some(|l| l.upper_is(&["lower", "upper"])),
    ..Scenario::DEFAULT
};
