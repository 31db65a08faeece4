// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "calls that only look, on paths that end in a slash, a dot or two dots",
    setup: |b| {
        slashes::tree(b);
    },
    steps: |r| {
        r.unlink("gone");
        for name in slashes::NAMES {
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
