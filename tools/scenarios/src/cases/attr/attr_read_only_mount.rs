// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "through a read-only mount no attribute changes, and reading them goes on",
    setup: |b| {
        b.file("low", "text").xattr("user.a", b"1");
        b.dir("dir");
        b.upper().file("top", "text").xattr("user.a", b"1");
    },
    steps: |r| {
        // Opened before the mount became read-only.
        let held = r.open("low", O_RDONLY);
        r.in_child(|r| {
            r.done("binding", sys::bind_here(libc::MS_RDONLY));
            for name in ["low", "dir", "top"] {
                r.chmod(name, 0o600);
                r.fchmodat2(name, 0o600, libc::AT_SYMLINK_NOFOLLOW);
                r.chown(name, 1, 1);
                r.chown(name, u32::MAX, u32::MAX);
                r.utimens(name, (5, 5));
                r.utimensat(name, (OMIT, OMIT), 0);
                r.setxattr(name, "user.b", "2");
                r.removexattr(name, "user.a");
                r.removexattr(name, "user.none");
                r.set_acl(name, "u:7,user:7:5,g:5,m:5,o:5");
                r.removexattr(name, acl::ACCESS);
                let fd = r.open(name, O_RDONLY);
                r.fchmod(fd, 0o600);
                r.fsetxattr(fd, "user.b", "2");
                r.futimens(fd, (5, 5));
                let attr = sys::FileAttr::default();
                r.done("FSSETXATTR", sys::fssetxattr(fd.raw(), attr));
                r.access(name, R_OK);
                r.access(name, W_OK);
                r.listxattr(name);
                r.stat(name);
            }
            r.as_user(1000, 1000, |r| {
                r.chmod("low", 0o600);
            });
            r.fchmod(held, 0o640);
        });
        r.stat("low");
    },
    layers: Some(|l| l.upper_is(&["low", "top"])),
    ..Scenario::DEFAULT
};
