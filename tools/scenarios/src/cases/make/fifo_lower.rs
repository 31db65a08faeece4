// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a lower FIFO connects processes and is not copied up",
    setup: |b| {
        b.fifo("p");
    },
    steps: |r| {
        let both = r.open("p", O_RDWR | libc::O_NONBLOCK);
        r.write(both, "through the pipe");
        r.in_child(|r| {
            let reader = r.open("p", O_RDONLY | libc::O_NONBLOCK);
            r.read(reader, 100);
            r.read(reader, 100);
        });
        r.in_child(|r| {
            let writer = r.open("p", O_WRONLY | libc::O_NONBLOCK);
            r.write(writer, "back");
        });
        r.read(both, 100);
        r.close(both);
        r.open("p", O_WRONLY | libc::O_NONBLOCK);
    },
    layers: Some(|l| l.upper_is(&[])),
    allow: &[
        Allow {
            line: "walk p",
            why: "what passes through a FIFO that is below does not change its time",
        },
        Allow {
            line: "stat(\"p\")",
            why: "what passes through a FIFO that is below does not change its time",
        },
    ],
    ..Scenario::DEFAULT
};
