// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "mincore finds in memory what has just been read or written, below and copied up",
    setup: |b| {
        b.file("f", vec![b'x'; 16_384]);
    },
    steps: |r| {
        let fd = r.open("f", O_RDONLY);
        r.pread(fd, 16_384, 0);
        let map = r.map(fd, 16_384, PROT_READ, MAP_SHARED);
        r.expect("all in memory after reading", resident(map));
        let fd = r.open("f", O_RDWR);
        r.pwrite(fd, vec![b'y'; 16_384], 0);
        let map = r.map(fd, 16_384, PROT_READ, MAP_SHARED);
        r.expect("all in memory after writing", resident(map));
    },
    not_on: shape::FORGETS,
    ..Scenario::DEFAULT
};

fn resident(map: sys::Region) -> bool {
    map.resident()
        .is_ok_and(|pages| pages.iter().all(|page| *page))
}
