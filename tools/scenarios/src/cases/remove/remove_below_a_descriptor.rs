// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "names are deleted below an open directory after its own name has gone to another one",
    setup: |b| {
        b.file("a/f", "x");
        b.file("a/sub/g", "x");
        b.dir("b");
    },
    steps: |r| {
        let lower = r.open("a", O_RDONLY | O_DIRECTORY);
        r.make(What::Full, "new");
        r.make(What::Full, "new/sub");
        let new = r.open("new", O_RDONLY | O_DIRECTORY);
        r.rename("new", "b");
        for (fd, file) in [(lower, "f"), (new, "in")] {
            r.unlink_at(fd, file);
            r.unlink_at(fd, "sub");
            r.rmdir_at(fd, "sub");
            r.unlink_at(fd, "sub/g");
            r.unlink_at(fd, "sub/in");
        }
        r.rename_at(new, "sub", lower, "taken");
        r.rename_at(lower, "taken", new, "back");
        r.rmdir_at(lower, "sub");
        r.ls("a");
        r.ls("b");
    },
    layers: Some(|l| {
        l.whiteout("a/f")?;
        l.whiteout("a/sub")?;
        l.opaque("b")
    }),
    ..Scenario::DEFAULT
};
