// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "what stands at the end of a path changes with the link: copied up, replaced by another, by a file or a directory",
    setup: |b| {
        b.file("one/f", "1");
        b.file("two/f", "2");
        b.symlink("l", "one");
        b.symlink("m", "one");
        b.upper().file("two/g", "2");
    },
    steps: |r| {
        r.cat("l/f");
        r.chown("l", 7, 8);
        r.cat("l/f");
        r.lstat("l");
        r.symlink("two", "new");
        r.rename("new", "l");
        r.cat("l/f");
        r.put("l/made", O_WRONLY | O_CREAT, "in two");
        r.unlink("m");
        r.cat("m/f");
        r.mkdir("m");
        r.put("m/f", O_WRONLY | O_CREAT, "m");
        r.cat("m/f");
        r.rename2("l", "m", RENAME_EXCHANGE);
        r.cat("l/f");
        r.cat("m/f");
        r.unlink("m");
        r.put("m", O_WRONLY | O_CREAT, "a file");
        r.cat("m/f");
        r.cat("m");
        r.ls("two");
    },
    layers: Some(|l| {
        l.absent("one")?;
        l.in_upper("m")
    }),
    ..Scenario::DEFAULT
};
