// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a change that fails leaves no copy",
    setup: |b| {
        b.file("f", "text").xattr("user.a", b"1");
    },
    steps: |r| {
        r.removexattr("f", "user.none");
        r.setxattr_flags("f", "user.a", "x", XATTR_CREATE);
        r.setxattr_flags("f", "user.none", "x", XATTR_REPLACE);
        r.setxattr("f", "nonesuch.x", "x");
        r.as_user(1000, 1000, |r| {
            r.setxattr("f", "user.a", "x");
            r.removexattr("f", "user.a");
        });
        r.listxattr("f");
    },
    ..Scenario::DEFAULT
};
