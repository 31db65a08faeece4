// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "whiteouts of one directory are links of one inode",
    setup: |b| {
        for name in ["a", "b", "c", "d", "e"] {
            b.file(name, name);
        }
    },
    steps: |r| {
        for name in ["a", "b", "c", "d"] {
            r.unlink(name);
        }
        r.ls(".");
    },
    layers: Some(|l| {
        l.whiteout("a")?;
        l.whiteout("d")?;
        if l.stat("b")?.st_ino == l.stat("c")?.st_ino {
            Ok(())
        } else {
            Err("whiteouts must share an inode".into())
        }
    }),
    not_on: &[
        (
            "remount",
            "each mount makes a whiteout of its own to link to",
        ),
        (
            "remount-xfs",
            "each mount makes a whiteout of its own to link to",
        ),
    ],
    ..Scenario::DEFAULT
};
