// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "MAP_POPULATE and MAP_LOCKED bring a file into memory, whichever layer it comes from",
    setup: |b| {
        b.file("lower", vec![b'.'; 4 * PAGE]);
        b.file("shared", vec![b'.'; 4 * PAGE]);
        b.upper().file("upper", vec![b'.'; 4 * PAGE]);
    },
    steps: |r| {
        for (name, flags) in [
            ("lower", MAP_PRIVATE),
            ("shared", MAP_SHARED),
            ("upper", MAP_SHARED),
        ] {
            let fd = r.open(name, O_RDWR);
            for extra in [MAP_POPULATE, MAP_LOCKED] {
                let map = r.map(fd, 4 * PAGE, PROT_RW, flags | extra);
                let resident = map.resident().is_ok_and(|pages| !pages.contains(&false));
                r.expect("every page is in memory", resident);
                r.look(map, 3 * PAGE, 3);
            }
            let map = r.map(fd, 4 * PAGE, PROT_READ, flags);
            r.done("mlock", map.lock());
            // Behind the end there is nothing to bring in; only mlock says so.
            let map = r.map(fd, 6 * PAGE, PROT_RW, flags | MAP_POPULATE | MAP_LOCKED);
            r.done("mlock beyond the end", map.lock());
        }
    },
    layers: Some(|l| l.upper_is(&["upper", "shared"])),
    ..Scenario::DEFAULT
};
