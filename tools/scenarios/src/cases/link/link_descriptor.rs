// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "an open file gets a name by AT_EMPTY_PATH or /proc, read-only or not, copied up or \
        not, as long as it has one",
    setup: |b| {
        for name in ["path", "reader", "writer", "gone", "gone-copied", "user"] {
            b.file(name, "text").mode(0o644);
        }
        b.symlink("symlink", "reader");
        b.dir("d").mode(0o777);
    },
    steps: |r| {
        for (name, flags) in [
            ("path", O_PATH),
            ("reader", O_RDONLY),
            ("writer", O_RDWR),
            ("symlink", O_PATH | O_NOFOLLOW),
            ("d", O_RDONLY | O_DIRECTORY),
            ("d", O_PATH),
        ] {
            let fd = r.open(name, flags);
            r.link_empty(fd, &format!("d/{name}-empty"));
            r.link_fd(fd, &format!("d/{name}-proc"));
            r.lstat(&format!("d/{name}-empty"));
            r.lstat(name);
        }
        let gone = r.open("gone", O_RDONLY);
        let copied = r.open("gone-copied", O_RDWR);
        r.pwrite(copied, "T", 0);
        r.unlink("gone");
        r.unlink("gone-copied");
        for fd in [gone, copied] {
            r.link_empty(fd, "d/back");
            r.link_fd(fd, "d/back");
            r.fstat(fd);
        }
        r.as_user(1000, 1000, |r| {
            let fd = r.open("user", O_RDONLY);
            r.link_fd(fd, "d/user");
            r.link_fd(fd, "user-in-the-root");
        });
        r.lstat("d/user");
        r.ls("d");
        r.link_empty(gone, "");
    },
    layers: Some(|l| {
        l.whiteout("gone")?;
        l.absent("d/back")
    }),
    ..Scenario::DEFAULT
};
