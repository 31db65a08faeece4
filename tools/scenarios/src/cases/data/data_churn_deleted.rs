// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "changes by chance of a lower file that was deleted before the first of them",
    setup: |b| {
        b.file("f", vec![b'.'; 30_000]);
    },
    steps: |r| {
        let reader = r.open("f", O_RDONLY);
        let one = r.open("f", O_RDWR);
        let two = r.open("f", O_RDWR | O_APPEND);
        r.unlink("f");
        r.put("f", O_WRONLY | O_CREAT, "another file");
        r.churn(&[reader, one, two], 6, 60);
        r.cat("f");
    },
    layers: Some(|l| l.upper_is(&["f"])),
    ..Scenario::DEFAULT
};
