// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "what an unprivileged user may not change is not copied",
    setup: |b| {
        b.file("f", "text").xattr("user.a", b"1");
        b.file("secret", "text").mode(0o600);
        b.file("d/g", "text");
        b.symlink("l", "f");
    },
    steps: |r| {
        r.as_user(1000, 1000, |r| {
            r.put("f", O_WRONLY, "T");
            r.open("f", O_RDWR);
            r.open("f", O_RDONLY | O_TRUNC);
            r.truncate("f", 0);
            r.chmod("f", 0o4777);
            r.chown("f", 1000, 1000);
            r.chown("l", 1000, 1000);
            r.utimens("f", (5, 5));
            r.setxattr("f", "user.a", "2");
            r.set_acl("f", "u:7,g:7,o:7");
            r.cat("secret");
            r.unlink("f");
            r.rename("f", "g");
            r.rename("d/g", "g");
            r.link("secret", "mine");
            r.put("new", O_WRONLY | O_CREAT, "x");
            r.mkdir("dir");
            r.symlink("x", "link");
            r.mkfifo("fifo", 0o600);
            r.unlink("d/g");
            r.rmdir("d");
            r.open_mode("d", O_RDWR | O_TMPFILE, 0o600);
            r.access("f", W_OK);
            r.access("f", R_OK);
        });
    },
    layers: Some(|l| l.upper_is(&[])),
    ..Scenario::DEFAULT
};
