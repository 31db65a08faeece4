// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "every set of open flags on a name below what is no directory",
    setup: |b| {
        b.file("f", "text");
        b.fifo("p");
        b.symlink("l", "f");
        b.symlink("dangling", "none");
        b.upper().file("g", "text");
        // A directory below, which the file hides.
        b.lower(1).file("was-dir/x", "hidden");
        b.lower(0).file("was-dir", "a file now");
    },
    steps: |r| {
        for name in ["f", "p", "l", "dangling", "g", "was-dir"] {
            for flags in open_flags() {
                r.opens(&format!("{name}/x"), flags);
            }
        }
    },
    layers: Some(|l| l.upper_is(&["g"])),
    ..Scenario::DEFAULT
};
