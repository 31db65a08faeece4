// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a hundred changes of a lower file by chance, by descriptors from before the copy-up and after it",
    setup: |b| {
        b.file("f", vec![b'.'; 30_000]);
    },
    steps: |r| {
        let reader = r.open("f", O_RDONLY);
        let one = r.open("f", O_RDWR);
        let two = r.open("f", O_RDWR);
        r.churn(&[reader, one, two], 1, 50);
        let later = r.open("f", O_RDWR | O_APPEND);
        r.churn(&[reader, one, two, later], 2, 50);
    },
    layers: Some(|l| l.in_upper("f")),
    ..Scenario::DEFAULT
};
