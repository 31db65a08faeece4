// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

/// Letters that a shell, a mount option or a log line would stumble over.
const NAMES: [&str; 14] = [
    "new\nline",
    "tab\tstop",
    "bell\u{7}",
    "escape\u{1b}[31m",
    "delete\u{7f}",
    "return\r",
    " ",
    "'",
    "\"",
    "\\",
    "a:b",
    "a,b=c",
    "-rf",
    "%s%n",
];

pub const SCENARIO: Scenario = Scenario {
    about: "lower names of control letters and quotes are copied up, deleted, hidden and found again",
    setup: |b| {
        for name in NAMES {
            b.file(&format!("changed/{name}"), "text");
            b.file(&format!("deleted/{name}"), "text");
            b.file(&format!("in {name}/f"), "text");
            b.lower(1).file(&format!("hidden/{name}"), "text");
            b.lower(0).whiteout(&format!("hidden/{name}"));
            b.anywhere();
        }
    },
    steps: |r| {
        for name in NAMES {
            r.chmod(&format!("changed/{name}"), 0o600);
            r.unlink(&format!("deleted/{name}"));
            r.put(&format!("in {name}/{name}"), O_WRONLY | O_CREAT, "new");
            r.stat(&format!("hidden/{name}"));
        }
        r.ls("changed");
        r.ls("deleted");
        r.ls("hidden");
    },
    layers: Some(|l| {
        for name in NAMES {
            l.in_upper(&format!("changed/{name}"))?;
            l.whiteout(&format!("deleted/{name}"))?;
        }
        Ok(())
    }),
    ..Scenario::DEFAULT
};
