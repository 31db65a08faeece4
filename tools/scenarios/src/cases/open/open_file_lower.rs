// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "every set of open flags on a lower file: only truncation copies it, also with O_RDONLY",
    setup: |b| {
        for n in 0..open_flags().len() {
            b.file(&format!("d/f{n}"), "text");
        }
    },
    steps: |r| {
        for (n, flags) in open_flags().into_iter().enumerate() {
            r.opens(&format!("d/f{n}"), flags);
        }
    },
    layers: Some(|l| {
        for (n, flags) in open_flags().into_iter().enumerate() {
            if truncates(flags) {
                l.in_upper(&format!("d/f{n}"))?;
            } else if l.is_union() {
                l.absent(&format!("d/f{n}"))?;
            }
        }
        Ok(())
    }),
    ..Scenario::DEFAULT
};
