// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

/// Names that union file systems, this one or others, use for purposes of their own somewhere.
const NAMES: [&str; 15] = [
    "#1",
    "#0000000e",
    "work",
    "index",
    "incompat",
    "upper",
    "...",
    "..x",
    ".wh.x",
    ".wh..wh..opq",
    ".wh..wh.plnk",
    ".wh.",
    ".wh..wh.aufs",
    ".fuse_hidden0001",
    "x",
];

pub const SCENARIO: Scenario = Scenario {
    about: "names that look private, of this or another union file system, are names like all others",
    setup: |b| {
        for name in NAMES {
            b.file(name, "text");
            b.file(&format!("deleted/{name}"), "text");
            b.file(&format!("dirs/{name}/x"), "text");
            b.upper().file(&format!("upper-only/{name}"), "text");
            b.anywhere();
        }
    },
    steps: |r| {
        for name in NAMES {
            r.put(name, O_WRONLY, "T");
            r.unlink(&format!("deleted/{name}"));
            r.stat(&format!("deleted/{name}"));
            r.rename(&format!("dirs/{name}/x"), &format!("dirs/{name}/{name}"));
            r.mkdir(&format!("made-{name}"));
            r.mkdir(&format!("made-{name}/{name}"));
            r.rename(&format!("upper-only/{name}"), &format!("deleted/{name}"));
        }
        r.unlink("deleted/x");
        r.mkdir("deleted/x");
        r.ls(".");
        r.ls("deleted");
        r.ls("dirs/.wh.x");
    },
    layers: Some(|l| {
        for name in NAMES {
            l.in_upper(name)?;
        }
        l.not_opaque("dirs/#1")?;
        l.opaque("deleted/x")
    }),
    not_on: shape::NO_SUCH_NAMES,
    ..Scenario::DEFAULT
};
