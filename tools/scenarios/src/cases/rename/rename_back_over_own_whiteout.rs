// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "two copied-up files move back and forth over their whiteouts, each name having a file \
        beneath",
    setup: |b| {
        b.file("a", "aaa");
        b.file("b", "bbb");
        b.file("d/c", "ccc");
    },
    steps: |r| {
        r.put("a", O_WRONLY, "A");
        r.rename("a", "b");
        r.rename("b", "a");
        r.lstat("b");
        r.rename("a", "d/c");
        r.lstat("a");
        r.rename("d/c", "b");
        r.lstat("d/c");
        r.rename("b", "a");
        r.rename2("a", "b", RENAME_NOREPLACE);
        r.rename2("b", "a", RENAME_NOREPLACE);
        r.see("a");
        r.unlink("a");
        for name in ["a", "b", "d/c"] {
            r.lstat(name);
        }
        r.rename("none", "a");
        r.put("b", O_WRONLY | O_CREAT | O_EXCL, "new");
        r.rename("b", "a");
        r.see("a");
    },
    layers: Some(|l| {
        l.in_upper("a")?;
        l.whiteout("b")?;
        l.whiteout("d/c")
    }),
    ..Scenario::DEFAULT
};
