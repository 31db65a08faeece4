// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "the calls that follow links change the target, in its own layer, and leave the link",
    setup: |b| {
        b.lower(1).file("target", "text").xattr("user.a", b"123");
        b.lower(0).symlink("link", "target");
        b.symlink("loop", "loop");
        b.symlink("dangling", "none");
        b.upper().symlink("top", "link");
    },
    steps: |r| {
        for path in ["top", "link", "loop", "dangling", "none"] {
            let result = sys::getxattr_follow(path, "user.a");
            r.call(format_args!("getxattr of {path}, followed"), result);
            let result = sys::setxattr_follow(path, "user.b", path.as_bytes());
            r.done(format_args!("setxattr of {path}, followed"), result);
            let result = sys::removexattr_follow(path, "user.c");
            r.done(format_args!("removexattr of {path}, followed"), result);
            r.getxattr(path, "user.b");
            r.listxattr(path);
        }
        r.listxattr("target");
        r.setxattr("dangling", "trusted.l", "of the link");
        r.getxattr("dangling", "trusted.l");
        r.readlink("dangling");
    },
    layers: Some(|l| l.upper_is(&["dangling", "target", "top"])),
    ..Scenario::DEFAULT
};
