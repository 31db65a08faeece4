// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "MAP_SYNC needs persistent memory; what asks for it by MAP_SHARED_VALIDATE is refused without a copy",
    setup: |b| {
        b.file("lower", vec![b'.'; 5000]);
        b.upper().file("upper", vec![b'.'; 5000]);
    },
    steps: |r| {
        for name in ["lower", "upper"] {
            let fd = r.open(name, O_RDWR);
            r.map(fd, PAGE, PROT_RW, MAP_SHARED_VALIDATE | MAP_SYNC);
            r.map(fd, PAGE, PROT_READ, MAP_SHARED_VALIDATE | MAP_SYNC);
        }
        // MAP_SHARED alone leaves the answer to the file system.
        let fd = r.open("upper", O_RDWR);
        r.map(fd, PAGE, PROT_RW, MAP_SHARED | MAP_SYNC);
    },
    layers: Some(|l| l.upper_is(&["upper"])),
    ..Scenario::DEFAULT
};
