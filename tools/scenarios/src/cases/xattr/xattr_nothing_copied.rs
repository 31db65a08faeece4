// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "reading attributes copies nothing",
    setup: |b| {
        b.file("f", "text").xattr("user.a", b"1");
        b.dir("d").xattr("user.d", b"1");
    },
    steps: |r| {
        r.listxattr("f");
        r.getxattr("f", "user.a");
        r.getxattr("d", "user.d");
        r.get_acl("f");
        r.stat("f");
        r.cat("f");
        r.ls("d");
        r.access("f", W_OK);
        r.readlink("f");
    },
    layers: Some(|l| l.upper_is(&[])),
    ..Scenario::DEFAULT
};
