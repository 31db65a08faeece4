// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "links that cannot be",
    setup: |b| {
        b.file("f", "text");
        b.dir("d");
        b.file("e", "text");
    },
    steps: |r| {
        r.link("f", "e");
        r.link("d", "d2");
        r.link("none", "x");
        r.link("f", "none/x");
        r.link("f", "f");
        r.ls(".");
    },
    layers: Some(|l| l.absent("e")),
    ..Scenario::DEFAULT
};
