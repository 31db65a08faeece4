// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a program on a lower layer runs, and runs again after copy-up",
    setup: |b| {
        b.file("prog", elf::exits_with(42)).mode(0o755);
        b.file("plain", elf::exits_with(42)).mode(0o644);
        b.file("script", "#!./prog\n").mode(0o755);
    },
    steps: |r| {
        r.exec("./prog", &[]);
        r.exec("./plain", &[]);
        r.exec("./script", &[]);
        r.chmod("plain", 0o755);
        r.exec("./plain", &[]);
        r.chmod("prog", 0o700);
        r.exec("./prog", &[]);
        r.as_user(1000, 1000, |r| r.exec("./prog", &[]));
    },
    layers: Some(|l| l.in_upper("plain")),
    ..Scenario::DEFAULT
};
