// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "processes that opened a file each for itself share memory through it, and wait for each other there",
    setup: |b| {
        b.file("lower", vec![0; PAGE]);
        b.upper().file("upper", vec![0; PAGE]);
    },
    steps: |r| {
        for name in ["lower", "upper"] {
            let before = r.open(name, O_RDWR);
            r.with_peer(
                |r, turns| {
                    let fd = r.open(name, O_RDWR);
                    let map = r.map(fd, PAGE, PROT_RW, MAP_SHARED);
                    turns.pass();
                    r.look(map, 100, 6);
                    r.store(map, 200, "peer");
                    turns.give();
                    // As long as the number is 0; a timeout would show as an error.
                    let result = match map.wait(0, 0) {
                        Err(Errno(libc::EAGAIN)) => Ok(()),
                        result => result,
                    };
                    r.done("woken by the other", result);
                },
                |r, turns, _| {
                    turns.pass();
                    let map = r.map(before, PAGE, PROT_RW, MAP_SHARED);
                    r.store(map, 100, "parent");
                    turns.pass();
                    r.look(map, 200, 4);
                    std::thread::sleep(std::time::Duration::from_millis(50));
                    map.store(0, &1u32.to_ne_bytes());
                    let _ = map.wake(0);
                    turns.take();
                },
            );
        }
    },
    layers: Some(|l| l.in_upper("lower")),
    ..Scenario::DEFAULT
};
