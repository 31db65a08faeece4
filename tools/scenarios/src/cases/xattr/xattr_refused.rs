// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "what can be refused without looking at the upper layer is refused before anything is copied",
    setup: |b| {
        for name in ["f", "g", "h"] {
            b.file(name, "text").xattr("user.a", b"1");
        }
        b.symlink("l", "f");
        b.fifo("p");
        b.dir("d");
    },
    steps: |r| {
        r.setxattr("f", "user.big", vec![0; 65537]);
        r.setxattr("f", &format!("user.{}", "n".repeat(251)), "1");
        r.setxattr("f", "", "1");
        r.setxattr_flags("f", "user.b", "1", 8);
        r.setxattr_flags("g", "user.a", "1", XATTR_CREATE);
        r.setxattr_flags("g", "user.b", "1", XATTR_REPLACE);
        r.removexattr("g", "user.b");
        r.setxattr("l", "user.a", "1");
        r.setxattr("p", "user.a", "1");
        r.removexattr("l", "user.a");
        r.removexattr("d", "trusted.none");
        r.setxattr("h", acl::ACCESS, "not an ACL");
        r.setxattr("h", acl::DEFAULT, acl::encode("u:7,g:7,o:7"));
        r.setxattr("l", acl::ACCESS, acl::encode("u:7,g:7,o:7"));
        r.removexattr("h", acl::ACCESS);
        r.removexattr("h", acl::DEFAULT);
        r.removexattr("d", acl::DEFAULT);
        r.as_user(1000, 1000, |r| {
            r.setxattr("f", "trusted.x", "1");
            r.removexattr("f", "user.a");
            r.setxattr("d", acl::DEFAULT, acl::encode("u:7,g:7,o:7"));
            r.removexattr("d", acl::DEFAULT);
        });
    },
    layers: Some(|l| l.upper_is(&[])),
    ..Scenario::DEFAULT
};
