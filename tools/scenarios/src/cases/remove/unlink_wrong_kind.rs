// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "unlink of directories, rmdir of files",
    setup: |b| {
        b.dir("d");
        b.file("f", "text");
        b.symlink("l", "d");
    },
    steps: |r| {
        r.unlink("d");
        r.rmdir("f");
        r.rmdir("l");
        r.unlink("none");
        r.rmdir("none");
        r.unlink("f/x");
        r.unlink("f/");
        r.rmdir("d/.");
        r.ls(".");
    },
    layers: Some(|l| l.upper_is(&[])),
    ..Scenario::DEFAULT
};
