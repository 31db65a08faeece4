// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "MADV_REMOVE punches a hole into a file that is mapped shared and writable, and into no other",
    setup: |b| {
        for name in ["reader", "private", "lower"] {
            b.file(name, vec![b'.'; 3 * PAGE]);
        }
        b.upper().file("upper", vec![b'.'; 3 * PAGE]);
    },
    steps: |r| {
        for (name, open, protection, flags) in [
            ("reader", O_RDONLY, PROT_READ, MAP_SHARED),
            ("private", O_RDWR, PROT_RW, MAP_PRIVATE),
            ("lower", O_RDWR, PROT_RW, MAP_SHARED),
            ("upper", O_RDWR, PROT_RW, MAP_SHARED),
        ] {
            let fd = r.open(name, open);
            let map = r.map(fd, 3 * PAGE, protection, flags);
            let middle = map.part(PAGE, PAGE);
            r.done("MADV_REMOVE", middle.advise(libc::MADV_REMOVE));
            r.look(map, PAGE - 2, 4);
            r.pread(fd, 4, 2 * PAGE as i64 - 2);
            r.fstat(fd);
        }
    },
    layers: Some(|l| l.upper_is(&["lower", "upper"])),
    ..Scenario::DEFAULT
};
