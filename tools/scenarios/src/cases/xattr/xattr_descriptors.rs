// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "attributes through descriptors opened before the copy-up are those of the copy",
    setup: |b| {
        b.file("f", "text").xattr("user.a", b"1");
        b.dir("d").xattr("user.a", b"1");
        b.fifo("p").xattr("trusted.a", b"1");
        b.upper().file("t", "text").xattr("user.a", b"1");
    },
    steps: |r| {
        for (name, flags, attribute) in [
            ("f", O_RDONLY, "user."),
            ("f", O_RDWR, "user."),
            ("d", O_RDONLY | O_DIRECTORY, "user."),
            ("p", O_RDWR, "trusted."),
            ("t", O_WRONLY, "user."),
            ("t", O_RDONLY, "security."),
        ] {
            let old = r.open(name, flags);
            let (a, b) = (format!("{attribute}a"), format!("{attribute}b"));
            r.fgetxattr(old, &a);
            r.setxattr(name, &b, "by path");
            r.fgetxattr(old, &b);
            r.flistxattr(old);
            r.fsetxattr(old, &a, "by descriptor");
            r.getxattr(name, &a);
            r.fremovexattr(old, &b);
            r.fremovexattr(old, &b);
            r.listxattr(name);
            r.fsetxattr(old, "nonesuch.x", "1");
            r.fgetxattr(old, "");
        }
        let none = r.open("none", O_RDONLY);
        r.fsetxattr(none, "user.a", "1");
        r.flistxattr(none);
    },
    layers: Some(|l| l.upper_is(&["d", "f", "p", "t"])),
    ..Scenario::DEFAULT
};
