// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "names that differ in case, or in how an accent is written, are different names in every layer",
    setup: |b| {
        b.lower(1).file("d/name", "1");
        b.file("d/Name", "1");
        b.lower(0).file("d/NAME", "0");
        b.whiteout("d/Name");
        // The same to the eye: one letter, or a letter and its accent.
        b.file("d/\u{e9}", "one");
        b.upper().file("d/e\u{301}", "two");
        b.file("d/nAME", "upper");
    },
    steps: |r| {
        for name in [
            "name", "Name", "NAME", "nAME", "naMe", "\u{e9}", "e\u{301}", "e",
        ] {
            r.cat(&format!("d/{name}"));
        }
        r.rename("d/name", "d/Name");
        r.rename("d/NAME", "d/name");
        r.unlink("d/\u{e9}");
        r.mkdir("d/naMe");
        r.mkdir("D");
        r.ls("d");
        r.ls(".");
    },
    layers: Some(|l| {
        l.whiteout("d/\u{e9}")?;
        l.in_upper("d/e\u{301}")?;
        l.whiteout("d/NAME")
    }),
    ..Scenario::DEFAULT
};
