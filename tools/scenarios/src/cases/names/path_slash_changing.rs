// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

const NAMES: [&str; 10] = [
    "f",
    "d",
    "to-file",
    "to-dir",
    "dangling",
    "gone",
    "none",
    "merged",
    "upper-file",
    "upper-dir",
];

pub const SCENARIO: Scenario = Scenario {
    about: "calls that change attributes, on paths that end in a slash or a dot: only directories are changed",
    setup: |b| {
        b.file("f", "0123456789").xattr("user.a", b"1");
        b.file("d/x", "x");
        b.symlink("to-file", "f");
        b.symlink("to-dir", "d");
        b.symlink("dangling", "none");
        b.file("gone", "deleted");
        b.lower(1).file("merged/x", "1");
        b.lower(0).dir("merged");
        b.upper().file("upper-file", "0123456789");
        b.dir("upper-dir");
    },
    steps: |r| {
        r.unlink("gone");
        for name in NAMES {
            for (n, end) in ["/", "//", "/.", "/./"].into_iter().enumerate() {
                let path = format!("{name}{end}");
                let id = n as u32 + 1;
                r.chmod(&path, 0o700 + id);
                r.chown(&path, id, id);
                r.truncate(&path, 3);
                r.utimens(&path, (1_111_111_111, n as i64));
                r.setxattr(&path, &format!("user.{n}"), "1");
                r.removexattr(&path, "user.a");
                r.open(&path, O_WRONLY | O_TRUNC);
                r.stat(name);
            }
        }
    },
    layers: Some(|l| {
        l.absent("f")?;
        l.absent("to-dir")?;
        l.in_upper("d")?;
        l.in_upper("merged")
    }),
    ..Scenario::DEFAULT
};
