// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "every set of open flags on a link to a file, link and file in the same layer or in two",
    setup: |b| {
        for n in 0..open_flags().len() {
            let (link, file) = (format!("l{n}"), format!("d/f{n}"));
            // A third of the files lies above its link, a third below it.
            if n % 3 == 1 {
                b.upper();
            }
            b.file(&file, "text");
            b.anywhere();
            if n % 3 == 2 {
                b.upper();
            }
            b.symlink(&link, &file);
            b.anywhere();
        }
    },
    steps: |r| {
        for (n, flags) in open_flags().into_iter().enumerate() {
            r.opens(&format!("l{n}"), flags);
        }
    },
    layers: Some(|l| {
        for n in (0..open_flags().len()).filter(|n| n % 3 != 2) {
            l.absent(&format!("l{n}"))?;
        }
        Ok(())
    }),
    ..Scenario::DEFAULT
};
