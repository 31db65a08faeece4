// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "splice moves data out of lower files and into copied-up ones",
    setup: |b| {
        b.file("from", vec![b's'; 9000]);
        b.file("to", "0123456789");
    },
    steps: |r| {
        let from = r.open("from", O_RDONLY);
        let to = r.open("to", O_RDWR);
        r.splice(from, to, 5);
        r.splice(from, to, 20_000);
        r.fstat(to);
        r.pread(to, 20_000, 0);
        r.close(from);
        r.close(to);
    },
    layers: Some(|l| l.absent("from")),
    ..Scenario::DEFAULT
};
