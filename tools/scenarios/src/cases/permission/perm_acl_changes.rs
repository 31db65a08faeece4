// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "ACLs are changed by the owner alone, however much they grant to others",
    setup,
    steps: |r| {
        for who in [MEMBER, OTHER, OWNER] {
            r.as_who(who, |r| {
                for place in PLACES {
                    for name in ["file", "dir", "bare"] {
                        let path = format!("{place}/{name}");
                        if who.name != "owner" || name == "file" {
                            r.set_acl(&path, "u:7,user:1002:7,g:7,m:7,o:7");
                            r.removexattr(&path, acl::ACCESS);
                            r.set_default_acl(&path, "u:7,g:7,o:7");
                            r.removexattr(&path, acl::DEFAULT);
                        }
                        // Without a mask, which no ACL with a named user can be.
                        r.set_acl(&path, "u:7,user:5:7,g:7,o:7");
                        r.get_acl(&path);
                    }
                }
            });
        }
    },
    layers: Some(|l| upper_gained(l, setup, &["lower", "lower/file", "merged/file"])),
    ..Scenario::DEFAULT
};

fn setup(b: &mut Builder) {
    in_places(b, |b, place| {
        let all = acl::encode("u:7,user:1001:7,g:7,group:1002:7,m:7,o:7");
        b.file(&format!("{place}/file"), "text")
            .mode(0o777)
            .owner(1000, 500)
            .xattr(acl::ACCESS, &all);
        b.dir(&format!("{place}/dir"))
            .mode(0o777)
            .owner(1000, 500)
            .xattr(acl::ACCESS, &all);
        b.file(&format!("{place}/bare"), "text")
            .mode(0o777)
            .owner(1000, 500);
    });
}
