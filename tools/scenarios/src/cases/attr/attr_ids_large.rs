// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "owners beyond 16 and 31 bits survive copy-up, in ACLs too",
    setup: |b| {
        b.file("low", "text")
            .owner(70_000, 2_000_000)
            // The bits of the group are those of the ACL's mask.
            .mode(0o660)
            .xattr(
                acl::ACCESS,
                &acl::encode("u:6,user:4294967294:4,g:4,group:3000000000:2,m:6,o:0"),
            );
        b.dir("dir").owner(65_535, 65_536);
        b.symlink("link", "low").owner(65_534, 2_000_000);
        b.file("plain", "text");
    },
    steps: |r| {
        r.chmod("low", 0o660);
        r.chmod("dir", 0o700);
        r.utimens("link", (5, 5));
        for name in ["low", "dir", "link"] {
            r.lstat(name);
        }
        r.get_acl("low");
        for (uid, gid) in [
            (65_535, 65_535),
            (1 << 31, 1 << 31),
            (u32::MAX - 1, u32::MAX - 1),
        ] {
            r.chown("plain", uid, gid);
            r.stat("plain");
            r.as_user(uid, gid, |r| {
                r.chmod("plain", 0o600);
                r.put("plain", O_WRONLY, "T");
            });
        }
        r.as_user(u32::MAX - 1, 5, |r| {
            r.cat("low");
        });
    },
    ..Scenario::DEFAULT
};
