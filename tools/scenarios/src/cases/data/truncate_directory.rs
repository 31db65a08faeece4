// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "directories cannot be truncated or written",
    setup: |b| {
        b.dir("d");
    },
    steps: |r| {
        r.truncate("d", 0);
        r.open("d", O_WRONLY);
        r.open("d", O_RDWR);
        r.open("d", O_RDONLY | O_CREAT);
        let fd = r.open("d", O_RDONLY | O_DIRECTORY);
        r.read(fd, 1);
        r.close(fd);
    },
    layers: Some(|l| l.upper_is(&[])),
    ..Scenario::DEFAULT
};
