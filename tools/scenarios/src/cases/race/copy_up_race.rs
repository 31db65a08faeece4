// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "several processes copy up one file at once",
    setup: |b| {
        b.file("d/e/f", vec![b'.'; 40_000]);
    },
    steps: |r| {
        r.parallel(6, |n| {
            let fd = sys::open("d/e/f", O_WRONLY, 0).expect("open");
            for at in 0..10i64 {
                let at = at * 4000 + n as i64 * 100;
                sys::write(fd, &[b'0' + n as u8; 100], Some(at)).expect("write");
            }
        });
        r.cat("d/e/f");
        r.ls("d/e");
    },
    layers: Some(|l| l.upper_is(&["d", "d/e", "d/e/f"])),
    ..Scenario::DEFAULT
};
