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
            r.done("unlinkat f", sys::unlink_at(fd.raw(), file, 0));
            r.done("unlinkat sub", sys::unlink_at(fd.raw(), "sub", 0));
            r.done(
                "rmdir sub",
                sys::unlink_at(fd.raw(), "sub", libc::AT_REMOVEDIR),
            );
            r.done("unlinkat sub/g", sys::unlink_at(fd.raw(), "sub/g", 0));
            r.done("unlinkat sub/in", sys::unlink_at(fd.raw(), "sub/in", 0));
        }
        r.rename_at(new, "sub", lower, "taken", 0);
        r.rename_at(lower, "taken", new, "back", RENAME_NOREPLACE);
        r.done(
            "rmdir sub",
            sys::unlink_at(lower.raw(), "sub", libc::AT_REMOVEDIR),
        );
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
