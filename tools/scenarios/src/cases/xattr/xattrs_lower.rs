// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "attributes of lower files are read, changed and removed",
    setup: |b| {
        b.file("f", "text")
            .xattr("user.a", b"1")
            .xattr("user.b", b"2")
            .xattr("trusted.t", b"3");
        b.dir("d").xattr("user.d", b"dir");
    },
    steps: |r| {
        r.listxattr("f");
        r.getxattr("f", "user.a");
        r.getxattr("f", "user.none");
        r.setxattr_flags("f", "user.a", "x", XATTR_CREATE);
        r.setxattr_flags("f", "user.none", "x", XATTR_REPLACE);
        r.removexattr("f", "user.none");
        r.setxattr_flags("f", "user.a", "new", XATTR_REPLACE);
        r.setxattr_flags("f", "user.c", "created", XATTR_CREATE);
        r.removexattr("f", "user.b");
        r.listxattr("f");
        r.setxattr("f", "user.big", vec![b'v'; 2000]);
        r.getxattr("f", "user.big");
        r.setxattr("f", "nonesuch.x", "v");
        r.setxattr("f", "user.", "v");
        r.getxattr("f", "user.");
        r.removexattr("d", "user.d");
        r.listxattr("d");
    },
    layers: Some(|l| l.in_upper("f")),
    ..Scenario::DEFAULT
};
