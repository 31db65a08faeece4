// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "owner, mode, times, attributes and ACL survive copy-up",
    setup: |b| {
        b.file("f", "text")
            .mode(0o764)
            .owner(1000, 1001)
            .mtime(1_000_000_001, 999_999_999)
            .xattr("user.one", b"1")
            .xattr("user.empty", b"")
            .xattr("trusted.two", b"\0\x01binary")
            .xattr(acl::ACCESS, &acl::encode("u:7,user:1234:5,g:6,m:6,o:4"));
    },
    steps: |r| {
        r.setxattr("f", "user.three", "3");
        r.stat("f");
        r.get_acl("f");
        r.listxattr("f");
        let fd = r.open("f", O_WRONLY);
        r.pwrite(fd, "TE", 0);
        r.close(fd);
        r.get_acl("f");
        r.cat("f");
    },
    layers: Some(|l| l.in_upper("f")),
    ..Scenario::DEFAULT
};
