// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "mremap grows, shrinks, moves and doubles mappings, which go on being of the same file",
    setup: |b| {
        let pages: Vec<u8> = (b'a'..=b'd').flat_map(|byte| vec![byte; PAGE]).collect();
        b.file("lower", &pages);
        b.file("read", &pages);
        b.upper().file("upper", &pages);
    },
    steps: |r| {
        for (name, open, flags) in [
            ("read", O_RDONLY, MAP_SHARED),
            ("read", O_RDONLY, MAP_PRIVATE),
            ("lower", O_RDWR, MAP_SHARED),
            ("upper", O_RDWR, MAP_SHARED),
        ] {
            let fd = r.open(name, open);
            let map = r.map(fd, PAGE, PROT_READ, flags);
            let grown = r.region("grow", map.remap(PAGE, 4 * PAGE, MREMAP_MAYMOVE));
            r.look(grown, 3 * PAGE, 2);
            let small = r.region("shrink", grown.remap(4 * PAGE, 2 * PAGE, 0));
            r.peek(small, 2 * PAGE - 1);
            let second = r.region("double", small.remap(0, 2 * PAGE, MREMAP_MAYMOVE));
            if open == O_RDWR {
                r.done("mprotect", second.protect(PROT_RW));
                r.store(second, PAGE, "by the second");
                r.look(small, PAGE, 15);
                r.pread(fd, 15, PAGE as i64);
            }
            let wrong = small.part(PAGE, 2 * PAGE);
            r.region("more than is mapped", wrong.remap(2 * PAGE, 3 * PAGE, 0));
        }
    },
    layers: Some(|l| l.upper_is(&["lower", "upper"])),
    ..Scenario::DEFAULT
};
