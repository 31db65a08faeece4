// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "msync in all its modes, and what it refuses",
    setup: |b| {
        b.file("reader", vec![b'.'; 2 * PAGE]);
        b.file("lower", vec![b'.'; 2 * PAGE]);
        b.upper().file("upper", vec![b'.'; 2 * PAGE]);
    },
    steps: |r| {
        let modes = [
            0,
            MS_ASYNC,
            MS_SYNC,
            MS_INVALIDATE,
            MS_SYNC | MS_INVALIDATE,
            MS_SYNC | MS_ASYNC,
            1 << 20,
        ];
        for (name, open) in [("reader", O_RDONLY), ("lower", O_RDWR), ("upper", O_RDWR)] {
            let fd = r.open(name, open);
            let protection = if open == O_RDWR { PROT_RW } else { PROT_READ };
            let map = r.map(fd, 2 * PAGE, protection, MAP_SHARED);
            for mode in modes {
                if open == O_RDWR {
                    r.store(map, PAGE + mode as usize % 1000, "stored");
                }
                r.done(format_args!("msync({mode})"), map.sync(mode));
            }
            r.done("msync between pages", map.part(1, 10).sync(MS_SYNC));
            r.done("unmapping", map.part(PAGE, PAGE).unmap());
            r.done("msync with a hole", map.sync(MS_SYNC));
            r.done("mlock", map.part(0, PAGE).lock());
            r.done(
                "msync of locked memory",
                map.part(0, PAGE).sync(MS_INVALIDATE),
            );
        }
    },
    layers: Some(|l| l.upper_is(&["lower", "upper"])),
    ..Scenario::DEFAULT
};
