// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "symlinks, FIFOs and devices move",
    setup: |b| {
        b.symlink("l", "target");
        b.fifo("p");
        b.char_device("c", 1, 3);
        b.socket("s");
        b.dir("d");
    },
    steps: |r| {
        for name in ["l", "p", "c", "s"] {
            r.rename(name, &format!("d/{name}"));
            r.lstat(&format!("d/{name}"));
        }
        r.rename("d/l", "d/p");
        r.ls("d");
        r.ls(".");
    },
    ..Scenario::DEFAULT
};
