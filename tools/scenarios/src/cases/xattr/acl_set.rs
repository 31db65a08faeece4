// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "ACLs are set on lower files and directories",
    setup: |b| {
        b.file("f", "text").mode(0o640);
        b.dir("d");
    },
    steps: |r| {
        r.set_acl("f", "u:6,user:1000:4,g:4,m:4,o:0");
        r.stat("f");
        r.get_acl("f");
        r.as_user(1000, 1000, |r| {
            r.cat("f");
            r.put("f", O_WRONLY, "T");
        });
        r.as_user(1001, 1001, |r| {
            r.cat("f");
        });
        r.chmod("f", 0o600);
        r.get_acl("f");
        r.set_default_acl("d", "u:7,user:1000:7,g:5,m:7,o:5");
        r.set_default_acl("f", "u:7,g:5,o:5");
        r.get_acl("d");
        r.removexattr("f", acl::ACCESS);
        r.get_acl("f");
    },
    layers: Some(|l| l.in_upper("d")),
    ..Scenario::DEFAULT
};
