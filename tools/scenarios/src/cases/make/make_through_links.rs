// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "O_CREAT through symbolic links of every layer makes the target, over a whiteout as \
        well; O_EXCL and mkdir do not follow",
    setup: |b| {
        b.lower(0).dir("d");
        b.file("d/gone", "old");
        b.symlink("to-free", "d/free");
        b.symlink("to-gone", "d/gone");
        b.symlink("to-none", "none/f");
        b.symlink("twice", "top");
        b.upper().symlink("top", "d/more");
        b.symlink("d/dir", ".");
    },
    steps: |r| {
        r.unlink("d/gone");
        for name in ["to-free", "to-gone", "to-none", "twice", "top", "d/dir"] {
            r.put(name, O_WRONLY | O_CREAT | O_EXCL, "x");
            r.put(name, O_WRONLY | O_CREAT | O_NOFOLLOW, "x");
            r.mkdir(name);
            r.mkfifo(name, 0o600);
            r.symlink("x", name);
            r.put(name, O_WRONLY | O_CREAT, name);
            r.lstat(name);
        }
        r.mkdir("to-none/");
        r.mkdir("d/dir/sub");
        r.ls("d");
        r.cat("d/gone");
        r.cat("to-gone");
    },
    layers: Some(|l| {
        l.in_upper("d/gone")?;
        l.absent("to-gone")
    }),
    ..Scenario::DEFAULT
};
