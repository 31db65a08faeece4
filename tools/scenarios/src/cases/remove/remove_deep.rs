// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "forty directories within each other, each with a part in every layer, leave one \
        whiteout",
    setup: |b| {
        let mut path = String::from("t");
        for depth in 0..40 {
            path += "/d";
            b.anywhere().file(&format!("{path}/lower{depth}"), "x");
            b.file(&format!("{path}/f"), "x");
            if depth % 5 == 0 {
                b.upper().file(&format!("{path}/top"), "x");
            }
        }
    },
    steps: |r| {
        r.rmdir("t");
        r.remove_tree("t", Vec::pop);
        r.lstat("t");
        r.mkdir("t");
        r.mkdir("t/d");
        r.mkdir("t/d/d");
        r.ls("t/d/d");
        r.remove_tree("t", Vec::pop);
    },
    layers: Some(|l| {
        l.upper_is(&["t"])?;
        l.whiteout("t")
    }),
    not_on: &[(
        "iso9660",
        "bsdtar cannot make an image of directories as deep",
    )],
    ..Scenario::DEFAULT
};
