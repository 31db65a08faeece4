// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "an ACL that says no more than a mode becomes the mode",
    setup: |b| {
        let acl = acl::encode("u:7,user:1000:6,g:5,m:7,o:0");
        b.file("low", "text").mode(0o644);
        b.file("had", "text").mode(0o770).xattr(acl::ACCESS, &acl);
        b.dir("dir").xattr(acl::DEFAULT, &acl);
        b.upper()
            .file("top", "text")
            .mode(0o770)
            .xattr(acl::ACCESS, &acl);
    },
    steps: |r| {
        for name in ["low", "had", "dir", "top"] {
            r.set_acl(name, "u:6,g:4,o:2");
            r.stat(name);
            r.get_acl(name);
            r.listxattr(name);
            // A mask makes it more than a mode.
            r.set_acl(name, "u:6,g:6,m:4,o:2");
            r.stat(name);
            r.get_acl(name);
            r.set_acl(name, "u:1,g:2,o:3");
            r.stat(name);
            r.listxattr(name);
        }
        // A default ACL of three entries is one.
        r.set_default_acl("dir", "u:7,g:0,o:0");
        r.with_umask(0, |r| {
            r.mkdir_mode("dir/sub", 0o777);
        });
        r.get_acl("dir/sub");
        r.stat("dir/sub");
        r.removexattr("dir", acl::DEFAULT);
        r.with_umask(0, |r| {
            r.mkdir_mode("dir/plain", 0o777);
        });
        r.stat("dir/plain");
        r.listxattr("dir");
    },
    ..Scenario::DEFAULT
};
