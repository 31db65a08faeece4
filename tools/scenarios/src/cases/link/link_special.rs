// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "links to symlinks, FIFOs and devices",
    setup: |b| {
        b.symlink("l", "target");
        b.fifo("p");
        b.char_device("c", 1, 3);
    },
    steps: |r| {
        r.link("l", "l2");
        r.link("p", "p2");
        r.link("c", "c2");
        r.readlink("l2");
        r.lstat("l");
        r.lstat("p2");
        r.lstat("c2");
        r.ls(".");
    },
    ..Scenario::DEFAULT
};
