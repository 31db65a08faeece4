// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "processes that map one lower file at once map the same copy",
    setup: |b| {
        b.file("f", vec![b'.'; 8 * PAGE]);
    },
    steps: |r| {
        r.parallel(8, |number| {
            let fd = sys::open("f", O_RDWR, 0).expect("open");
            let map = sys::Region::new(fd, 0, 8 * PAGE, PROT_RW, MAP_SHARED).expect("mmap");
            map.store(number * PAGE + number, &[b'0' + number as u8; 10]);
            for other in 0..8 {
                while map.byte(other * PAGE + other) == b'.' {
                    std::thread::sleep(std::time::Duration::from_millis(1));
                }
            }
        });
        r.cat("f");
    },
    layers: Some(|l| l.upper_is(&["f"])),
    ..Scenario::DEFAULT
};
