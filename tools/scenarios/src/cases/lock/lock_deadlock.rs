// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "who would wait for a lock in a circle is told so, over files of two layers",
    setup: |b| {
        b.file("lower", vec![b'.'; 100]);
        b.upper().file("upper", vec![b'.'; 100]);
    },
    steps: |r| {
        let lower = r.open("lower", O_RDWR);
        let upper = r.open("upper", O_RDWR);
        let all = sys::Range::new(F_WRLCK, 0, 0);
        r.record_lock(lower, libc::F_SETLK, all);
        r.with_peer(
            |r, turns| {
                r.record_lock(upper, libc::F_SETLK, all);
                turns.give();
                // Nobody else records until this one has the lock.
                let result = sys::record_lock(lower.raw(), libc::F_SETLKW, all);
                turns.take();
                r.done("the peer got the lock it waited for", result.map(drop));
            },
            |r, turns, pid| {
                turns.pass();
                r.await_blocked(pid);
                r.record_lock(upper, libc::F_SETLKW, all);
                r.posix_lock(lower, F_UNLCK, 0, 0);
                turns.pass();
            },
        );
        r.record_lock(upper, libc::F_SETLKW, all);
    },
    layers: Some(|l| l.upper_is(&["upper"])),
    ..Scenario::DEFAULT
};
