// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "chmod reaches objects of every type, below, above and copied up, through links too",
    setup: |b| {
        every_kind(b, "low");
        every_kind(b, "copied");
        b.upper();
        every_kind(b, "top");
    },
    steps: |r| {
        for kind in KINDS {
            r.chown(&format!("copied/{kind}"), 7, 8);
        }
        for dir in ["low", "copied", "top"] {
            for (number, kind) in (1..).zip(KINDS) {
                let path = format!("{dir}/{kind}");
                r.chmod(&path, 0o111 * number);
                r.lstat(&path);
                r.chmod(&path, 0);
                r.chmod(&path, 0o7777);
                // Bits beyond the twelve are not looked at.
                r.chmod(&path, 0o170640 + number);
                r.lstat(&path);
            }
            r.stat(&format!("{dir}/file"));
        }
    },
    layers: Some(|l| {
        l.absent("low/symlink")?;
        l.in_upper("copied/symlink")
    }),
    ..Scenario::DEFAULT
};
