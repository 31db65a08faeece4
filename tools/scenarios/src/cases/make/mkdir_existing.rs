// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "mkdir where something is already there",
    setup: |b| {
        b.dir("d");
        b.file("f", "text");
        b.symlink("dangling", "none");
    },
    steps: |r| {
        r.mkdir("d");
        r.mkdir("f");
        r.mkdir("dangling");
        r.mkdir("f/x");
        r.mkdir("none/x");
        r.mkdir("d/..");
        r.mkdir("new/");
        r.ls(".");
    },
    layers: Some(|l| l.upper_is(&["new"])),
    ..Scenario::DEFAULT
};
