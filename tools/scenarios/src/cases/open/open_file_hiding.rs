// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "every set of open flags on a file that hides another, or lies in an opaque directory",
    setup: |b| {
        let b = b.lower(1);
        for n in 0..open_flags().len() {
            b.file(&format!("d/f{n}"), "the hidden one");
            b.file(&format!("o/f{n}"), "hidden with its directory");
        }
        b.lower(0).opaque("o");
        for n in 0..open_flags().len() {
            let dir = ["d", "o"][n % 2];
            b.file(&format!("{dir}/f{n}"), "text");
        }
    },
    steps: |r| {
        for (n, flags) in open_flags().into_iter().enumerate() {
            let dir = ["d", "o"][n % 2];
            r.opens(&format!("{dir}/f{n}"), flags);
        }
        // What is hidden stays hidden: half of the names in the opaque directory.
        for (n, flags) in open_flags().into_iter().enumerate() {
            if n % 2 == 0 && flags & O_CREAT == 0 {
                r.opens(&format!("o/f{n}"), flags);
            }
        }
    },
    ..Scenario::DEFAULT
};
