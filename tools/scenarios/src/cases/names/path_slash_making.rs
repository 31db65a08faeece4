// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "calls that make a name, on paths that end in a slash or dots: only mkdir accepts a slash",
    setup: |b| {
        slashes::tree(b);
    },
    steps: |r| {
        r.unlink("gone");
        for name in slashes::NAMES {
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
