// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "the calls on attributes relative to a directory work in every layer",
    setup: |b| {
        b.file("d/low", "text").xattr("user.a", b"123");
        b.symlink("d/link", "low");
        b.upper().file("d/top", "text").xattr("user.a", b"123");
    },
    steps: |r| {
        let dir = r.open("d", O_PATH | O_DIRECTORY).raw();
        let nofollow = libc::AT_SYMLINK_NOFOLLOW;
        for (name, flags) in [
            ("low", 0),
            ("top", 0),
            ("link", 0),
            ("link", nofollow),
            ("no", 0),
        ] {
            for attribute in ["user.a", "trusted.a", acl::ACCESS] {
                let what = format!("{name} {flags:#x} {attribute}");
                let result = sys::getxattrat(dir, name, flags, attribute, 100);
                r.call(format_args!("getxattrat {what}"), result);
                let result = sys::getxattrat(dir, name, flags, attribute, 2);
                r.call(format_args!("getxattrat {what} into 2"), result);
                let value = match attribute {
                    acl::ACCESS => acl::encode("u:6,user:7:4,g:4,m:4,o:0"),
                    _ => b"new".to_vec(),
                };
                let result = sys::setxattrat(dir, name, flags, attribute, &value, 0);
                r.done(format_args!("setxattrat {what}"), result);
                let result =
                    sys::setxattrat(dir, name, flags, attribute, &value, XATTR_CREATE as u32);
                r.done(format_args!("setxattrat {what} create"), result);
                let result = sys::listxattrat(dir, name, flags);
                r.call(format_args!("listxattrat {what}"), result);
                let result = sys::removexattrat(dir, name, flags, attribute);
                r.done(format_args!("removexattrat {what}"), result);
                let result = sys::removexattrat(dir, name, flags | 1, attribute);
                r.done(format_args!("removexattrat {what} unknown flag"), result);
            }
        }
        // With an empty path the descriptor itself is meant, even one that is good for nothing else.
        for (path, flags) in [("d/low", 0), ("d/link", O_NOFOLLOW)] {
            let fd = r.open(path, O_PATH | flags).raw();
            let empty = libc::AT_EMPTY_PATH;
            let result = sys::setxattrat(fd, "", empty, "trusted.e", b"1", 0);
            r.done(format_args!("setxattrat of {path}"), result);
            let result = sys::getxattrat(fd, "", empty, "trusted.e", 10);
            r.call(format_args!("getxattrat of {path}"), result);
            let result = sys::listxattrat(fd, "", empty);
            r.call(format_args!("listxattrat of {path}"), result);
            let result = sys::listxattrat(fd, "", 0);
            r.call(format_args!("listxattrat of {path}, no flag"), result);
        }
    },
    ..Scenario::DEFAULT
};
