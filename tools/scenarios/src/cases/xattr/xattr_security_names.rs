// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "labels of security modules that are not there are kept as any attribute of root's",
    setup: |b| {
        b.file("f", "text")
            .xattr("security.selinux", b"system_u:object_r:etc_t:s0\0");
        b.dir("d").xattr("security.selinux", b"dir_t\0");
        b.symlink("l", "f").xattr("security.selinux", b"link_t\0");
        b.fifo("p").xattr("security.SMACK64", b"_");
        b.upper()
            .file("t", "text")
            .xattr("security.selinux", b"top_t\0");
    },
    steps: |r| {
        for path in ["f", "d", "l", "p", "t"] {
            r.chown(path, 1000, 1000);
            for name in ["security.selinux", "security.SMACK64", "security.apparmor"] {
                r.getxattr(path, name);
                r.as_user(1000, 1000, |r| {
                    r.getxattr(path, name);
                    r.setxattr(path, name, "mine");
                    r.removexattr(path, name);
                });
                r.setxattr(path, name, "changed\0");
                r.getxattr(path, name);
            }
            r.removexattr(path, "security.selinux");
            r.listxattr(path);
        }
        // What is new has no label of its own.
        r.put("d/new", O_WRONLY | O_CREAT, "x");
        r.listxattr("d/new");
    },
    ..Scenario::DEFAULT
};
