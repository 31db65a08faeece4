// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a lower file without a name any more can be mapped shared and written",
    setup: |b| {
        b.file("f", vec![b'.'; 2 * PAGE]).mode(0o640).owner(3, 4);
    },
    steps: |r| {
        let fd = r.open("f", O_RDWR);
        r.unlink("f");
        let map = r.map(fd, 2 * PAGE, PROT_RW, MAP_SHARED);
        r.store(map, PAGE, "nameless");
        r.pread(fd, 10, PAGE as i64);
        r.fstat(fd);
        let again = r.map(fd, 2 * PAGE, PROT_READ, MAP_SHARED);
        r.look(again, PAGE, 10);
    },
    layers: Some(|l| l.upper_is(&["f"])),
    ..Scenario::DEFAULT
};
