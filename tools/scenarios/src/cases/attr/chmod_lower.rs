// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "chmod of a lower file changes its mode and nothing else",
    setup: |b| {
        b.file("f", "text").owner(7, 8).xattr("user.a", b"1");
    },
    steps: |r| {
        r.chmod("f", 0o600);
        r.stat("f");
        r.cat("f");
        r.getxattr("f", "user.a");
    },
    layers: Some(|l| l.in_upper("f")),
    ..Scenario::DEFAULT
};
