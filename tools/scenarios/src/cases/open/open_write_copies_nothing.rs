// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "opening a lower file for writing copies nothing",
    setup: |b| {
        b.file("f", "text");
    },
    steps: |r| {
        let fd = r.open("f", O_RDWR);
        r.read(fd, 10);
        r.close(fd);
        let fd = r.open("f", O_WRONLY);
        r.close(fd);
        let fd = r.open("f", O_WRONLY | O_APPEND);
        r.fstat(fd);
        r.close(fd);
        r.stat("f");
    },
    layers: Some(|l| if l.is_union() { l.absent("f") } else { Ok(()) }),
    ..Scenario::DEFAULT
};
