// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "the owner sets ACLs, loses set-group-id for a group that is not his, and others are refused",
    setup: |b| {
        for layer in ["low", "top"] {
            if layer == "top" {
                b.upper();
            }
            b.file(&format!("{layer}-own"), "x")
                .owner(1000, 500)
                .mode(0o2755);
            b.dir(&format!("{layer}-dir")).owner(1000, 500).mode(0o2755);
            b.file(&format!("{layer}-other"), "x")
                .owner(1001, 500)
                .mode(0o2777);
        }
    },
    steps: |r| {
        for layer in ["low", "top"] {
            for kind in ["other", "own", "dir"] {
                let name = format!("{layer}-{kind}");
                // Of the group: the bit stays.
                r.as_user(1000, 500, |r| {
                    r.set_acl(&name, "u:7,user:7:5,g:5,m:5,o:5");
                });
                r.stat(&name);
                r.as_user(1000, 1000, |r| {
                    r.set_default_acl(&name, "u:7,user:7:5,g:5,m:5,o:5");
                    r.stat(&name);
                    r.set_acl(&name, "u:7,user:8:5,g:5,m:5,o:5");
                    r.stat(&name);
                    r.get_acl(&name);
                    r.removexattr(&name, acl::ACCESS);
                    r.removexattr(&name, acl::DEFAULT);
                });
                r.stat(&name);
            }
        }
    },
    layers: Some(|l| l.absent("low-other")),
    ..Scenario::DEFAULT
};
