// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a device 0:0 cannot be made through a union",
    setup: |b| {
        b.dir("d");
    },
    steps: |r| {
        r.mknod("d/zero", libc::S_IFCHR, 0o600, 0, 0);
        r.put("d/after", O_WRONLY | O_CREAT, "x");
        r.unlink("d/zero");
    },
    allow: &[Allow {
        line: "d/zero",
        why: "a character device 0:0 is what a whiteout looks like",
    }],
    ..Scenario::DEFAULT
};
