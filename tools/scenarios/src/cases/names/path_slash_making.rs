// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

const NAMES: [&str; 10] = [
    "f",
    "d",
    "to-file",
    "to-dir",
    "dangling",
    "gone",
    "none",
    "merged",
    "upper-file",
    "upper-dir",
];

pub const SCENARIO: Scenario = Scenario {
    about: "calls that make a name, on paths that end in a slash or dots: only mkdir accepts a slash",
    setup: |b| {
        b.file("f", "0123456789").xattr("user.a", b"1");
        b.file("d/x", "x");
        b.symlink("to-file", "f");
        b.symlink("to-dir", "d");
        b.symlink("dangling", "none");
        b.file("gone", "deleted");
        b.lower(1).file("merged/x", "1");
        b.lower(0).dir("merged");
        b.upper().file("upper-file", "0123456789");
        b.dir("upper-dir");
    },
    steps: |r| {
        r.unlink("gone");
        for name in NAMES {
            for end in ["/", "//", "/.", "/.."] {
                let path = format!("{name}{end}");
                r.open(&path, O_WRONLY | O_CREAT);
                r.open(&path, O_RDONLY | O_CREAT | O_EXCL);
                r.open(&path, O_RDONLY | O_CREAT | O_DIRECTORY);
                r.symlink("x", &path);
                r.link("f", &path);
                r.link(&path, "never");
                r.mkfifo(&path, 0o600);
                r.mknod(&path, libc::S_IFREG, 0o600, 0, 0);
                r.mknod(&path, libc::S_IFCHR, 0o600, 1, 3);
                r.bind(&path);
                r.mkdir(&path);
            }
        }
        r.ls(".");
    },
    layers: Some(|l| {
        l.opaque("gone")?;
        l.absent("f")
    }),
    ..Scenario::DEFAULT
};
