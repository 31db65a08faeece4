// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "chown of lower files of every type",
    setup: |b| {
        b.file("f", "text").mode(0o755);
        b.dir("d");
        b.symlink("l", "f");
        b.fifo("p");
        b.char_device("c", 1, 3);
        b.block_device("b", 7, 200);
    },
    steps: |r| {
        for name in ["f", "d", "l", "p", "c", "b"] {
            r.chown(name, 1000, 1001);
            r.lstat(name);
        }
        r.chown("f", u32::MAX, 5);
        r.stat("f");
        r.readlink("l");
    },
    layers: Some(|l| l.upper_is(&["b", "c", "d", "f", "l", "p"])),
    ..Scenario::DEFAULT
};
