// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a directory is deleted and made again under an open child",
    setup: |b| {
        b.file("a/b/f", "text");
    },
    steps: |r| {
        let fd = r.open("a/b", O_RDONLY | O_DIRECTORY);
        r.rename("a/b/f", "f");
        r.rmdir("a/b");
        r.rmdir("a");
        r.mkdir("a");
        r.mkdir("a/b");
        r.ls("a/b");
        r.put("a/b/new", O_WRONLY | O_CREAT, "x");
        r.done("fchdir", sys::fchdir(fd.raw()));
        r.put("old", O_WRONLY | O_CREAT, "x");
        r.fstat(fd);
    },
    layers: Some(|l| l.opaque("a")),
    ..Scenario::DEFAULT
};
