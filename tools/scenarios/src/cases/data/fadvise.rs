// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "advice is taken for lower and upper files",
    setup: |b| {
        b.file("f", "text");
    },
    steps: |r| {
        let fd = r.open("f", O_RDWR);
        for advice in 0..6 {
            r.fadvise(fd, advice);
        }
        r.fadvise(fd, 77);
        r.write(fd, "T");
        r.fadvise(fd, 3);
    },
    layers: Some(|l| l.in_upper("f")),
    ..Scenario::DEFAULT
};
