// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "mkdir over a whiteout makes an opaque directory",
    setup: |b| {
        b.lower(0).file("d/f", "text");
        b.upper().whiteout("d");
    },
    steps: |r| {
        r.lstat("d");
        r.mkdir("d");
        r.ls("d");
        r.put("d/g", O_WRONLY | O_CREAT, "x");
    },
    layers: Some(|l| l.opaque("d")),
    ..Scenario::DEFAULT
};
