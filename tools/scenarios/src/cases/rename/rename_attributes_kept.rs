// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "mode, set-id bits, owner, attributes and ACL go with a moved object; the new parent \
        has no say in them",
    setup: |b| {
        b.file("f", "text")
            .mode(0o6755)
            .owner(5, 6)
            .xattr("user.a", b"1")
            .xattr("trusted.t", b"2");
        b.file("g", "text")
            .mode(0o640)
            .xattr(acl::ACCESS, &acl::encode("u:6,user:9:4,g:0,m:4,o:0"));
        b.dir("d")
            .mode(0o2777)
            .owner(0, 500)
            .xattr(acl::DEFAULT, &acl::encode("u:7,g:5,o:0"));
    },
    steps: |r| {
        r.mkdir_mode("new", 0o1700);
        r.chown("new", 3, 4);
        r.setxattr("new", "user.n", "x");
        for name in ["f", "g", "new"] {
            let to = format!("d/{name}");
            r.rename(name, &to);
            r.stat(&to);
            r.listxattr(&to);
            r.get_acl(&to);
        }
        r.getxattr("d/f", "trusted.t");
        r.rename("d/f", "f");
        r.stat("f");
    },
    layers: Some(|l| {
        l.in_upper("f")?;
        l.whiteout("g")
    }),
    not_on: shape::MAKES_LOWER,
    ..Scenario::DEFAULT
};
