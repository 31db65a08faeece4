// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a lower or merged directory keeps its times when it is copied up, and gets new ones by names",
    setup: |b| {
        for (dir, _) in CALLS {
            b.lower(1).dir(dir);
            b.file(&format!("{dir}/f"), "text");
            b.dir(&format!("{dir}/sub"));
            b.lower(0).dir(dir);
            b.file(&format!("{dir}/g"), "text");
        }
    },
    steps: |r| {
        for (dir, call) in CALLS {
            r.touched(&[dir], |r| call(r, dir));
        }
    },
    allow: &[Allow {
        line: "ctime of quiet",
        why: "the change time of a directory is that of its copy-up",
    }],
    ..Scenario::DEFAULT
};

const CALLS: [(&str, fn(&mut Run, &str)); 12] = [
    ("quiet-chmod", |r, d| {
        r.chmod(&format!("{d}/f"), 0o600);
    }),
    ("quiet-write", |r, d| {
        r.put(&format!("{d}/g"), O_WRONLY, "T");
    }),
    ("quiet-below", |r, d| {
        r.mkdir(&format!("{d}/sub/new"));
    }),
    ("quiet-links", |r, d| {
        r.link(&format!("{d}/f"), "linked");
        r.unlink("linked");
    }),
    ("nothing", |r, d| {
        r.rmdir(d);
    }),
    ("refused", |r, d| {
        r.mkdir(&format!("{d}/f"));
    }),
    ("create", |r, d| {
        r.mkdir(&format!("{d}/new"));
    }),
    ("unlink", |r, d| {
        r.unlink(&format!("{d}/f"));
    }),
    ("rmdir", |r, d| {
        r.rmdir(&format!("{d}/sub"));
    }),
    ("rename", |r, d| {
        r.rename(&format!("{d}/f"), &format!("{d}/h"));
    }),
    ("over", |r, d| {
        r.rename(&format!("{d}/f"), &format!("{d}/g"));
    }),
    ("chmod", |r, d| {
        r.chmod(d, 0o700);
    }),
];
