// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "the first change of a lower file moves the times that any change of its sort moves",
    setup: |b| {
        for (name, _) in CALLS {
            b.file(name, "text").xattr("user.a", b"1");
        }
    },
    steps: |r| {
        for (name, call) in CALLS {
            r.touched(&[name], |r| call(r, name));
        }
    },
    allow: &[Allow {
        line: "ctime of same-size",
        why: "a truncation that changes nothing copies the file, whose change time is that of the copy",
    }],
    ..Scenario::DEFAULT
};

const CALLS: [(&str, fn(&mut Run, &str)); 15] = [
    ("chmod", |r, f| {
        r.chmod(f, 0o600);
    }),
    ("chmod-same", |r, f| {
        r.chmod(f, 0o644);
    }),
    ("chown", |r, f| {
        r.chown(f, 1, 1);
    }),
    ("chown-nobody", |r, f| {
        r.chown(f, u32::MAX, u32::MAX);
    }),
    ("setxattr", |r, f| {
        r.setxattr(f, "user.b", "2");
    }),
    ("removexattr", |r, f| {
        r.removexattr(f, "user.a");
    }),
    ("removexattr-none", |r, f| {
        r.removexattr(f, "user.c");
    }),
    ("link", |r, f| {
        r.link(f, "second");
    }),
    ("append", |r, f| {
        r.put(f, O_WRONLY | O_APPEND, "x");
    }),
    ("longer", |r, f| {
        r.truncate(f, 100);
    }),
    ("same-size", |r, f| {
        r.truncate(f, 4);
    }),
    ("open-write", |r, f| {
        let fd = r.open(f, O_RDWR);
        r.close(fd);
    }),
    ("open-truncate", |r, f| {
        let fd = r.open(f, O_WRONLY | O_TRUNC);
        r.close(fd);
    }),
    ("allocate", |r, f| {
        let fd = r.open(f, O_WRONLY);
        r.fallocate(fd, 0, 0, 4096);
    }),
    ("acl", |r, f| {
        r.set_acl(f, "u:6,user:5:4,g:4,m:4,o:4");
    }),
];
