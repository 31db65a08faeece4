// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "what goes through a named pipe moves its times",
    setup: |b| {
        b.upper().fifo("top");
    },
    steps: |r| {
        r.mkfifo("new", 0o600);
        for name in ["top", "new"] {
            r.utimens(name, (1_000_000_000, 5));
            let fd = r.open(name, O_RDWR);
            r.touched(&[name], |r| r.write(fd, "through"));
            r.touched(&[name], |r| {
                r.read(fd, 7);
            });
        }
    },
    not_on: &[
        ("rotate", "a pipe of a lower layer keeps its times"),
        ("rotate-ext4", "a pipe of a lower layer keeps its times"),
    ],
    ..Scenario::DEFAULT
};
