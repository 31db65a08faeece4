// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "which call moves which time of a file of the upper layer",
    setup: |b| {
        b.upper().file("f", "text").xattr("user.a", b"1");
        b.symlink("l", "f");
    },
    steps,
    not_on: &[
        ("rotate", "a copy has a change time of its own"),
        ("rotate-ext4", "a copy has a change time of its own"),
    ],
    ..Scenario::DEFAULT
};

/// Not a closure: as a function it can be as long as the table.
fn steps(r: &mut Run) {
    let both = ["f", "l"];
    for (_, call) in CALLS {
        r.touched(&both, |r| call(r));
    }
}

const CALLS: [(&str, fn(&mut Run)); 21] = [
    ("chmod", |r| {
        r.chmod("f", 0o600);
    }),
    ("chmod to the same", |r| {
        r.chmod("f", 0o600);
    }),
    ("chown", |r| {
        r.chown("f", 1, 1);
    }),
    ("chown to nobody", |r| {
        r.chown("f", u32::MAX, u32::MAX);
    }),
    ("chown of the link", |r| {
        r.chown("l", 1, 1);
    }),
    ("setxattr", |r| {
        r.setxattr("f", "user.b", "2");
    }),
    ("the same value", |r| {
        r.setxattr("f", "user.b", "2");
    }),
    ("removexattr", |r| {
        r.removexattr("f", "user.b");
    }),
    ("removexattr of none", |r| {
        r.removexattr("f", "user.b");
    }),
    ("link", |r| {
        r.link("f", "g");
    }),
    ("unlink of a name", |r| {
        r.unlink("g");
    }),
    ("rename", |r| {
        r.rename("f", "h");
        r.rename("h", "f");
    }),
    ("rename of the link", |r| {
        r.rename("l", "m");
        r.rename("m", "l");
    }),
    ("write", |r| {
        r.put("f", O_WRONLY, "T");
    }),
    ("write nothing", |r| {
        r.put("f", O_WRONLY, "");
    }),
    ("append", |r| {
        r.put("f", O_WRONLY | O_APPEND, "x");
    }),
    ("truncate", |r| {
        r.truncate("f", 2);
    }),
    ("truncate to the same size", |r| {
        r.truncate("f", 2);
    }),
    ("truncate refused", |r| {
        r.truncate("f", -1);
    }),
    ("ACL", |r| {
        r.set_acl("f", "u:6,user:5:4,g:4,m:4,o:4");
    }),
    ("looking", |r| {
        r.stat("f");
        r.getxattr("f", "user.a");
        r.access("f", R_OK);
    }),
];
