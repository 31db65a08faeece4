// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "everything made in a directory with a default ACL takes it, in whatever layer the directory is",
    setup: |b| {
        let default = acl::encode("u:7,user:1000:6,g:5,m:5,o:1");
        b.dir("low").xattr(acl::DEFAULT, &default);
        b.file("low/old", "x");
        b.file("low/white", "x");
        b.lower(1).dir("merged").xattr(acl::DEFAULT, &default);
        b.lower(0).dir("merged").xattr(acl::DEFAULT, &default);
        b.upper().dir("top").xattr(acl::DEFAULT, &default);
        b.opaque("opaque").xattr(acl::DEFAULT, &default);
        b.whiteout("low/white");
        b.file("strange", "x");
    },
    steps: |r| {
        for dir in ["low", "merged", "top", "opaque"] {
            r.with_umask(0o077, |r| {
                let at = |name: &str| format!("{dir}/{name}");
                let fd = r.open_mode(&at("file"), O_RDWR | O_CREAT, 0o666);
                r.close(fd);
                r.mkdir_mode(&at("dir"), 0o777);
                r.mkdir_mode(&at("dir/dir"), 0o700);
                r.mkfifo(&at("fifo"), 0o666);
                r.mknod(&at("char"), libc::S_IFCHR, 0o666, 1, 3);
                r.mknod(&at("white"), libc::S_IFREG, 0o640, 0, 0);
                r.bind(&at("socket"));
                r.symlink("x", &at("link"));
                r.mkdir_mode(&at("narrow"), 0o500);
                let fd = r.open_mode(dir, O_RDWR | O_TMPFILE, 0o660);
                r.link_fd(fd, &at("tmp"));
                // What comes from elsewhere keeps what it had.
                r.link("strange", &at("linked"));
                for name in [
                    "file", "dir", "dir/dir", "fifo", "char", "white", "socket", "link", "narrow",
                    "tmp", "linked",
                ] {
                    r.lstat(&at(name));
                    r.get_acl(&at(name));
                }
            });
        }
        r.unlink("low/old");
        r.mkdir("low/old");
        r.get_acl("low/old");
    },
    layers: Some(|l| l.opaque("low/old")),
    ..Scenario::DEFAULT
};
