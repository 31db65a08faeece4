// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "chmod changes owner, mask and others of an ACL, and the mode shows the mask",
    setup: |b| {
        let acl = acl::encode("u:6,user:1000:7,g:5,group:50:3,m:7,o:4");
        b.file("low", "text").mode(0o674).xattr(acl::ACCESS, &acl);
        b.dir("dir").mode(0o674).xattr(acl::ACCESS, &acl);
        b.fifo("fifo").mode(0o674).xattr(acl::ACCESS, &acl);
        b.upper()
            .file("top", "text")
            .mode(0o674)
            .xattr(acl::ACCESS, &acl);
    },
    steps: |r| {
        for name in ["low", "dir", "fifo", "top"] {
            r.stat(name);
            for mode in [0o700, 0o2771, 0, 0o625, 0o777] {
                r.chmod(name, mode);
                r.stat(name);
                r.get_acl(name);
                r.as_user(1000, 1000, |r| {
                    r.access(name, R_OK);
                    r.access(name, W_OK | X_OK);
                });
            }
            // Without a mask the group's own entry is what chmod changes.
            r.set_acl(name, "u:6,g:4,o:0");
            r.chmod(name, 0o675);
            r.get_acl(name);
            r.set_acl(name, "u:6,user:1000:7,g:4,m:1,o:0");
            r.stat(name);
        }
    },
    ..Scenario::DEFAULT
};
