// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "an ACL that is removed takes set-group-id along if the file system does so",
    setup: |b| {
        for layer in ["low", "top"] {
            if layer == "top" {
                b.upper();
            }
            for (uid, gid) in WHO {
                let acl = acl::encode("u:7,user:7:5,g:5,m:5,o:5");
                for kind in ["file", "dir"] {
                    let name = |acl: &str| format!("{layer}-{uid}-{gid}-{kind}-{acl}");
                    for name in [name("acl"), name("none")] {
                        let entry = match kind {
                            "dir" => b.dir(&name),
                            _ => b.file(&name, "x"),
                        };
                        entry.owner(1000, 500).mode(0o2755);
                        if name.ends_with("acl") {
                            entry.xattr(acl::ACCESS, &acl);
                        }
                    }
                }
            }
        }
    },
    steps: |r| {
        for layer in ["low", "top"] {
            for (uid, gid) in WHO {
                for kind in ["file", "dir"] {
                    for acl in ["acl", "none"] {
                        let name = format!("{layer}-{uid}-{gid}-{kind}-{acl}");
                        r.as_user(*uid, *gid, |r| {
                            r.removexattr(&name, acl::ACCESS);
                        });
                        r.stat(&name);
                        r.get_acl(&name);
                    }
                }
            }
        }
    },
    ..Scenario::DEFAULT
};

/// The owner who is of the group and who is not, another, and root.
const WHO: &[(u32, u32)] = &[(1000, 500), (1000, 1000), (1001, 500), (0, 0)];
