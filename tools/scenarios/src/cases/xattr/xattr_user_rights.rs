// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "attributes of users go by the mode of the file, and by the owner in sticky directories",
    setup: |b| {
        b.file("readable", "x").mode(0o604).xattr("user.a", b"1");
        b.file("writable", "x").mode(0o602).xattr("user.a", b"1");
        b.file("closed", "x").mode(0o600).xattr("user.a", b"1");
        b.file("own", "x")
            .mode(0o400)
            .owner(1000, 1000)
            .xattr("user.a", b"1");
        b.dir("sticky").mode(0o1777).xattr("user.a", b"1");
        b.dir("open").mode(0o777).xattr("user.a", b"1");
        b.fifo("fifo").mode(0o666);
        b.symlink("link", "writable");
        b.upper().file("top", "x").mode(0o604).xattr("user.a", b"1");
    },
    steps: |r| {
        r.as_user(1000, 1000, |r| {
            for name in [
                "readable", "writable", "closed", "own", "sticky", "open", "fifo", "link", "top",
            ] {
                r.getxattr(name, "user.a");
                r.setxattr(name, "user.b", "2");
                r.removexattr(name, "user.a");
                r.removexattr(name, "user.none");
                r.listxattr(name);
            }
        });
    },
    layers: Some(|l| l.upper_is(&["open", "top", "writable"])),
    ..Scenario::DEFAULT
};
