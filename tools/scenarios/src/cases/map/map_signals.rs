// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "signals that are caught do not show in mmap, however long it takes",
    setup: |b| {
        for number in 0..4 {
            b.file(&format!("f{number}"), vec![b'.'; 1 << 20]);
        }
    },
    steps: |r| {
        let result = sys::alarm_every(std::time::Duration::from_millis(2));
        r.done("an alarm every 2 ms", result);
        for number in 0..4 {
            let fd = loop {
                // An open may be interrupted on any file system.
                match sys::open(format!("f{number}"), O_RDWR, 0) {
                    Err(Errno(libc::EINTR)) => {}
                    fd => break fd.unwrap_or(-1),
                }
            };
            let map = sys::Region::new(fd, 0, 1 << 20, PROT_RW, MAP_SHARED);
            let map = r.region("mmap", map);
            r.store(map, 1 << 19, "half-way");
        }
        r.await_until("alarms have come", || sys::alarms() > 4);
        r.done(
            "no more alarms",
            sys::alarm_every(std::time::Duration::ZERO),
        );
        r.cat("f0");
    },
    layers: Some(|l| l.upper_is(&["f0", "f1", "f2", "f3"])),
    ..Scenario::DEFAULT
};
