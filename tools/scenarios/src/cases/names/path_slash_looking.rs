// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

/// Every kind of object, in every kind of layer, and none.
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
    about: "calls that only look, on paths that end in a slash, a dot or two dots",
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
            for end in ["/", "///", "/.", "/./", "/..", "/../"] {
                let path = format!("{name}{end}");
                r.stat(&path);
                r.lstat(&path);
                r.readlink(&path);
                r.access(&path, R_OK);
                r.getxattr(&path, "user.a");
                r.listxattr(&path);
                r.done(
                    format_args!("statfs({path:?})"),
                    sys::statfs(&path).map(drop),
                );
                for flags in [
                    O_RDONLY,
                    O_RDWR,
                    O_PATH,
                    O_PATH | O_NOFOLLOW,
                    O_RDONLY | O_NOFOLLOW,
                ] {
                    r.opens(&path, flags);
                }
                r.in_child(|r| {
                    r.chdir(&path);
                });
            }
        }
    },
    layers: Some(|l| l.upper_is(&["gone", "upper-dir", "upper-file"])),
    ..Scenario::DEFAULT
};
