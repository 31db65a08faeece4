// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "long ACLs are copied up whole, and too long ones answered by the upper layer's file system",
    setup: |b| {
        b.file("low", "text")
            .mode(0o664)
            .xattr(acl::ACCESS, &long(200));
        b.dir("dir").xattr(acl::DEFAULT, &long(100));
        b.file("plain", "text");
        b.upper().file("top", "text");
    },
    steps: |r| {
        r.get_acl("low");
        r.chmod("low", 0o604);
        r.get_acl("low");
        r.put("dir/new", O_WRONLY | O_CREAT, "x");
        r.get_acl("dir/new");
        r.get_acl("dir");
        for name in ["plain", "top"] {
            for count in [300, 500, 600, 5400, 5500, 8190, 8191] {
                r.setxattr(name, acl::ACCESS, long(count));
                let length = sys::getxattr(name, acl::ACCESS).map(|value| value.len());
                r.call(format_args!("its length with {count} users"), length);
            }
        }
        r.as_user(1150, 5, |r| {
            r.put("low", O_RDWR, "");
            r.cat("low");
        });
    },
    layers: Some(|l| l.in_upper("low")),
    ..Scenario::DEFAULT
};

/// An ACL with `count` named users.
fn long(count: u32) -> Vec<u8> {
    let users: Vec<_> = (0..count).map(|i| format!("user:{}:4", 1000 + i)).collect();
    acl::encode(&format!("u:6,{},g:4,m:6,o:4", users.join(",")))
}
