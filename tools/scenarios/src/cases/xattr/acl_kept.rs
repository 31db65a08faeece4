// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "ACLs of lower objects hold before and after copy-up",
    setup: |b| {
        b.file("f", "text")
            .mode(0o660)
            .xattr(acl::ACCESS, &acl::encode("u:6,user:1000:6,g:0,m:6,o:0"));
        b.dir("d")
            .mode(0o770)
            .xattr(acl::ACCESS, &acl::encode("u:7,user:1000:7,g:0,m:7,o:0"));
        b.file("d/g", "text");
    },
    steps: |r| {
        r.as_user(1001, 1001, |r| {
            r.cat("f");
            r.ls("d");
        });
        r.as_user(1000, 1000, |r| {
            r.cat("f");
            r.put("f", O_WRONLY, "T");
            r.put("d/new", O_WRONLY | O_CREAT, "x");
            r.unlink("d/g");
        });
        r.get_acl("f");
        r.get_acl("d");
        r.as_user(1001, 1001, |r| {
            r.cat("f");
            r.put("d/new2", O_WRONLY | O_CREAT, "x");
        });
    },
    layers: Some(|l| l.in_upper("f")),
    ..Scenario::DEFAULT
};
