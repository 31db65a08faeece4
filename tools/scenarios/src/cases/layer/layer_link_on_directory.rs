// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a symbolic link to a directory above a directory replaces it, and nothing merges \
        through the link",
    setup: |b| {
        b.lower(1).file("d/below", "x");
        b.file("target/t", "x");
        b.file("e/below", "x");
        b.lower(0).symlink("d", "target");
        b.upper().symlink("e", "d");
        b.file("target/u", "x");
    },
    steps: |r| {
        r.ls("d");
        r.ls("e");
        r.lstat("d/below");
        r.put("d/new", O_WRONLY | O_CREAT, "x");
        r.rmdir("d");
        r.unlink("d");
        r.ls("e");
        r.mkdir("d");
        r.ls("e");
        r.put("e/more", O_WRONLY | O_CREAT, "x");
        r.unlink("e");
        r.lstat("e");
        r.ls("target");
    },
    layers: Some(|l| {
        l.opaque("d")?;
        l.whiteout("e")?;
        l.in_upper("target/new")
    }),
    ..Scenario::DEFAULT
};
