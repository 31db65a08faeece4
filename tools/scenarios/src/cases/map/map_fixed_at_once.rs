// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "memory replaced by MAP_FIXED is there at every moment, for other threads, too",
    setup: |b| {
        for number in 0..4 {
            b.file(&format!("f{number}"), vec![b'.'; 256 * PAGE]);
        }
    },
    steps: |r| {
        use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
        static DONE: AtomicBool = AtomicBool::new(false);
        let first = r.open("f0", O_RDONLY);
        let map = r.map(first, 256 * PAGE, PROT_READ, MAP_PRIVATE);
        r.in_child(|r| {
            let reader = std::thread::spawn(move || {
                while !DONE.load(Relaxed) {
                    assert_eq!(map.byte(100), b'.');
                }
            });
            for number in 0..4 {
                let fd = r.open(&format!("f{number}"), O_RDWR);
                r.map_over(map, fd, 0, PROT_RW, MAP_SHARED);
            }
            DONE.store(true, Relaxed);
            r.expect("the other thread saw nothing else", reader.join().is_ok());
        });
    },
    layers: Some(|l| l.upper_is(&["f0", "f1", "f2", "f3"])),
    ..Scenario::DEFAULT
};
