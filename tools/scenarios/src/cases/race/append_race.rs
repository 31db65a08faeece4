// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "appends of several processes to one lower file are all there",
    setup: |b| {
        b.file("log", "begin\n");
    },
    steps: |r| {
        r.parallel(5, |n| {
            for _ in 0..8 {
                let fd = sys::open("log", O_WRONLY | O_APPEND, 0).expect("open");
                sys::write(fd, &[b'a' + n as u8; 10], None).expect("write");
                let _ = sys::close(fd);
            }
        });
        r.stat("log");
        let data = slurp("log").unwrap_or_default();
        for n in 0..5u8 {
            let count = data.iter().filter(|byte| **byte == b'a' + n).count();
            // "begin" has letters of its own.
            r.note(format_args!("{} {count}", char::from(b'a' + n)));
        }
    },
    allow: &[Allow {
        line: "walk log",
        why: "the order of the appends is by chance",
    }],
    ..Scenario::DEFAULT
};
