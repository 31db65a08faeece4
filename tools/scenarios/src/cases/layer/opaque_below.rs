// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "an opaque directory of a lower layer ends the merge",
    setup: |b| {
        b.lower(2).file("d/bottom", "bottom");
        b.file("d/sub/bottom", "bottom");
        b.lower(1).opaque("d");
        b.file("d/middle", "middle");
        b.lower(0).file("d/top", "top");
    },
    steps: |r| {
        r.ls("d");
        r.lstat("d/bottom");
        r.lstat("d/sub");
        r.mkdir("d/sub");
        r.ls("d/sub");
        r.listxattr("d");
    },
    layers: Some(|l| l.in_upper("d/sub")),
    ..Scenario::DEFAULT
};
