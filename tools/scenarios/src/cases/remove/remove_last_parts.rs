// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "rmdir of directories that whiteouts of the upper and the lower layers have emptied, also of \
        whiteouts that hide nothing",
    setup: |b| {
        b.lower(2).file("a/one", "1");
        b.file("a/two", "2");
        b.file("b/x", "x");
        b.file("c/x", "x");
        b.lower(1).whiteout("a/one");
        b.whiteout("b/x");
        b.lower(0).dir("b");
        b.upper().whiteout("a/two");
        b.whiteout("a/never");
        b.whiteout("only/never");
        b.opaque("c");
        b.whiteout("c/x");
        b.whiteout("c/y");
    },
    steps: |r| {
        for dir in ["a", "b", "c", "only"] {
            r.ls(dir);
            let fd = r.open(dir, O_RDONLY | O_DIRECTORY);
            r.put(&format!("{dir}/x"), O_WRONLY | O_CREAT | O_EXCL, "x");
            r.rmdir(dir);
            r.unlink(&format!("{dir}/x"));
            r.rmdir(dir);
            r.lstat(dir);
            r.fstat(fd);
        }
        r.mkdir("only");
        r.mkdir("b");
        r.ls("b");
    },
    layers: Some(|l| {
        l.upper_is(&["a", "b", "c", "only"])?;
        l.whiteout("a")?;
        l.whiteout("c")?;
        l.opaque("b")?;
        l.not_opaque("only")
    }),
    ..Scenario::DEFAULT
};
