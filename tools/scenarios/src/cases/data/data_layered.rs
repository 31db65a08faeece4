// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "data come from the topmost layer that has the name, and nothing of those below shows through",
    setup: |b| {
        b.lower(2)
            .file("d/three", "the bottom's, which is the longest of all");
        b.file("d/two", "the bottom's");
        b.file("o/opaque", "the bottom's");
        b.file("kind/f", "a file in a directory");
        b.lower(1).file("d/three", "the middle's text");
        b.file("d/one", "the middle's");
        b.opaque("o");
        b.file("o/opaque", "the middle's, behind an opaque directory");
        b.file("kind", "a file over a directory");
        b.lower(0).file("d/three", "top");
        b.whiteout("d/two");
        b.file("d/empty", "");
        b.upper().file("d/one", "upper's");
    },
    steps: |r| {
        for path in ["d/three", "d/two", "d/one", "o/opaque", "kind", "d/empty"] {
            let old = r.open(path, O_RDONLY);
            let fd = r.open(path, O_RDWR | O_CREAT);
            r.ftruncate(fd, 20);
            r.pwrite(fd, "+", 25);
            r.fallocate(fd, 0, 0, 30);
            r.copy_file_range(fd, 0, fd, 30, 4);
            r.all_see(&[old, fd]);
        }
        r.open("kind/f", O_RDONLY);
        r.ls("d");
    },
    layers: Some(|l| {
        l.in_upper("d/three")?;
        l.in_upper("d/two")?;
        l.in_upper("kind")
    }),
    ..Scenario::DEFAULT
};
