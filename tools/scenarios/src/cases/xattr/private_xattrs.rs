// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "the marks of a union are not seen through it",
    setup: |b| {
        b.lower(0).file("d/f", "below");
        b.upper().opaque("d");
    },
    steps: |r| {
        r.listxattr("d");
        r.getxattr("d", "trusted.overlay.opaque");
        r.listxattr(".");
        r.mkdir("new");
        r.listxattr("new");
        r.put("f", O_WRONLY | O_CREAT, "x");
        r.listxattr("f");
        r.removexattr("d", "trusted.overlay.opaque");
        r.ls("d");
    },
    ..Scenario::DEFAULT
};
