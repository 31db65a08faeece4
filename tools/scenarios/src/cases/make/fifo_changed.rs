// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a FIFO goes on working when its mode changes",
    setup: |b| {
        b.fifo("p");
    },
    steps: |r| {
        let both = r.open("p", O_RDWR | libc::O_NONBLOCK);
        r.write(both, "before");
        r.chmod("p", 0o600);
        r.read(both, 100);
        r.stat("p");
        let again = r.open("p", O_RDWR | libc::O_NONBLOCK);
        r.write(again, "after");
        r.read(again, 100);
    },
    layers: Some(|l| l.in_upper("p")),
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
