// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a lower file and a new tree move down the directories and up again, through lower, \
        merged, opaque and new ones",
    setup: |b| {
        b.lower(0).file("f", "text").mode(0o640);
        b.file("lower/keep", "x");
        b.file("lower/merged/below", "x");
        b.file("lower/merged/opaque/hidden", "x");
        b.upper().file("lower/merged/above", "x");
        b.opaque("lower/merged/opaque");
    },
    steps: |r| {
        const DOWN: [&str; 5] = [
            ".",
            "lower",
            "lower/merged",
            "lower/merged/opaque",
            "lower/merged/opaque/new",
        ];
        r.mkdir("lower/merged/opaque/new");
        r.make(What::Full, "t");
        r.symlink("in", "t/link");
        let file = r.identity("f");
        let tree = r.identity("t/in");
        let way: Vec<_> = DOWN.iter().chain(DOWN.iter().rev().skip(1)).collect();
        for pair in way.windows(2) {
            for name in ["f", "t"] {
                r.rename(
                    &format!("{}/{name}", pair[0]),
                    &format!("{}/{name}", pair[1]),
                );
                r.see(&format!("{}/{name}", pair[1]));
                r.listed_number(pair[1], name);
            }
        }
        let same = file == r.identity("f") && tree == r.identity("t/in");
        r.expect("the numbers are what they were", same);
        r.ls("lower/merged/opaque");
    },
    layers: Some(|l| {
        l.in_upper("f")?;
        for dir in ["lower", "lower/merged", "lower/merged/opaque/new"] {
            l.absent(&format!("{dir}/f"))?;
            l.not_opaque(dir)?;
        }
        l.not_opaque("t")
    }),
    not_on: &[
        ("rotate", shape::NUMBERS_IN_TOP),
        ("rotate-ext4", shape::NUMBERS_IN_TOP),
    ],
    ..Scenario::DEFAULT
};
