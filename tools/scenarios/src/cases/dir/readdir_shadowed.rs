// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "what is above hides what is below, whatever it is",
    setup: |b| {
        b.lower(1).dir("x");
        b.file("x/inside", "hidden");
        b.file("y", "hidden file");
        b.symlink("z", "y");
        b.lower(0).file("x", "file over directory");
        b.dir("y");
        b.file("y/inside", "directory over file");
        b.dir("z");
    },
    steps: |r| {
        r.ls(".");
        r.cat("x");
        r.stat("x/inside");
        r.ls("y");
        r.ls("z");
        r.unlink("x");
        r.lstat("x");
        r.unlink("y/inside");
        r.rmdir("y");
        r.lstat("y");
        r.mkdir("x");
        r.ls("x");
    },
    layers: Some(|l| {
        l.whiteout("y")?;
        l.opaque("x")
    }),
    ..Scenario::DEFAULT
};
