// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "changes by chance of a sparse lower file with other names, which then loses its own",
    setup: |b| {
        b.sparse(
            "d/f",
            45_000,
            &[(8_192, &[b'a'; 4096]), (20_480, &[b'b'; 5_000])],
        );
    },
    steps: |r| {
        let reader = r.open("d/f", O_RDONLY);
        let one = r.open("d/f", O_RDWR);
        let two = r.open("d/f", O_RDWR | libc::O_DSYNC);
        r.churn(&[reader, one, two], 3, 30);
        r.link("d/f", "other");
        r.rename("d/f", "moved");
        r.churn(&[reader, one, two], 4, 30);
        r.unlink("moved");
        r.churn(&[reader, one, two], 5, 30);
        r.cat("other");
    },
    layers: Some(|l| {
        l.whiteout("d/f")?;
        l.in_upper("other")
    }),
    ..Scenario::DEFAULT
};
