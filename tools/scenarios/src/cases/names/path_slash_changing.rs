// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "calls that change attributes, on paths that end in a slash or a dot: only directories are changed",
    setup: |b| {
        slashes::tree(b);
    },
    steps: |r| {
        r.unlink("gone");
        for name in slashes::NAMES {
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
