// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "sendfile reads lower files and writes copied-up ones",
    setup: |b| {
        b.file("from", "0123456789");
        b.file("to", "..........");
    },
    steps: |r| {
        let from = r.open("from", O_RDONLY);
        let to = r.open("to", O_RDWR);
        r.sendfile(to, from, 5);
        r.sendfile(to, from, 100);
        r.pread(to, 20, 0);
        let append = r.open("to", O_WRONLY | O_APPEND);
        r.sendfile(append, from, 5);
        r.cat("to");
    },
    layers: Some(|l| l.absent("from")),
    ..Scenario::DEFAULT
};
