// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a merged directory has mode, owner, time and attributes of its topmost part, and takes \
        them along when it is copied up",
    setup: |b| {
        b.lower(2)
            .dir("a")
            .mode(0o777)
            .owner(1, 1)
            .mtime(100, 1)
            .xattr("user.x", b"2");
        b.file("a/bottom", "x");
        b.lower(1)
            .dir("a")
            .mode(0o750)
            .owner(2, 2)
            .mtime(200, 2)
            .xattr("user.y", b"1");
        b.file("a/middle", "x");
        b.dir("b").mode(0o711).owner(3, 3).mtime(300, 3);
        b.lower(0)
            .dir("a")
            .mode(0o700)
            .owner(4, 4)
            .mtime(400, 4)
            .xattr("user.z", b"0");
        b.dir("b").mode(0o755).owner(5, 5).mtime(500, 5);
        b.upper()
            .dir("b")
            .mode(0o1777)
            .owner(6, 6)
            .mtime(600, 6)
            .xattr("user.top", b"t");
    },
    steps: |r| {
        for dir in ["a", "b"] {
            r.stat(dir);
            r.listxattr(dir);
        }
        r.chmod("a/bottom", 0o600);
        r.stat("a");
        r.listxattr("a");
        r.getxattr("a", "user.z");
        r.as_user(4, 4, |r| {
            r.ls("a");
            r.put("a/new", O_WRONLY | O_CREAT, "x");
        });
        r.as_user(1, 1, |r| {
            r.ls("a");
            r.put("b/new", O_WRONLY | O_CREAT, "x");
        });
        r.removexattr("a", "user.z");
        r.listxattr("a");
    },
    layers: Some(|l| {
        let stat = l.stat("a")?;
        if (stat.st_uid, stat.st_mode & 0o7777) == (4, 0o700) {
            Ok(())
        } else {
            Err("a must be the copy of the topmost part".into())
        }
    }),
    ..Scenario::DEFAULT
};
