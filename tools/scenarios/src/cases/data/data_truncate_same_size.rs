// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "truncating a file to the size it has changes its time and nothing else",
    setup: |b| {
        b.file("lower", "0123456789");
        b.file("empty", "");
        b.file("copied", "0123456789");
        b.upper().file("upper", "0123456789");
    },
    steps: |r| {
        r.chmod("copied", 0o600);
        for path in ["lower", "copied", "upper"] {
            r.truncate(path, 10);
            r.stat(path);
            r.utimens(path, OLD);
            let fd = r.open(path, O_WRONLY);
            r.ftruncate(fd, 10);
            r.fstat(fd);
            r.close(fd);
        }
        r.truncate("empty", 0);
        r.stat("empty");
    },
    layers: Some(|l| {
        l.in_upper("lower")?;
        l.in_upper("empty")
    }),
    ..Scenario::DEFAULT
};
