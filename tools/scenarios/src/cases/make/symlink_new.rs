// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "symbolic links are made and followed across layers",
    setup: |b| {
        b.file("d/f", "text");
        b.symlink("lower", "d/f");
        b.symlink("dir", "d");
    },
    steps: |r| {
        r.symlink("lower", "upper");
        r.cat("upper");
        r.cat("dir/f");
        r.symlink("../dir/f", "d/back");
        r.cat("d/back");
        r.readlink("d/back");
        r.lstat("upper");
        r.symlink("x", "upper");
        r.symlink("", "empty");
        r.symlink(&"t".repeat(4000), "long");
        r.readlink("long");
        r.readlink("d");
        r.ls("dir");
    },
    layers: Some(|l| l.absent("dir")),
    ..Scenario::DEFAULT
};
