// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "chmod of a lower directory copies the directory alone",
    setup: |b| {
        b.dir("d").mode(0o750).owner(3, 4).xattr("user.d", b"x");
        b.file("d/f", "text");
    },
    steps: |r| {
        r.chmod("d", 0o711);
        r.stat("d");
        r.ls("d");
        r.getxattr("d", "user.d");
    },
    layers: Some(|l| l.upper_is(&["d"])),
    ..Scenario::DEFAULT
};
