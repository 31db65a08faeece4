// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "O_TRUNC empties a lower file",
    setup: |b| {
        b.file("f", "some text");
        b.file("empty", "");
    },
    steps: |r| {
        let fd = r.open("f", O_WRONLY | O_TRUNC);
        r.fstat(fd);
        r.write(fd, "x");
        r.close(fd);
        r.cat("f");
        r.put("empty", O_WRONLY | O_TRUNC, "now with text");
        r.stat("empty");
    },
    layers: Some(|l| l.in_upper("f")),
    ..Scenario::DEFAULT
};
