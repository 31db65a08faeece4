// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "names of 255 bytes move like others, and longer ones are refused",
    setup: |b| {
        b.file(&"l".repeat(255), "lower");
        b.file(&format!("d/{}", "g".repeat(255)), "gone");
    },
    steps: |r| {
        let (lower, gone) = ("l".repeat(255), format!("d/{}", "g".repeat(255)));
        r.rename(&lower, &"m".repeat(256));
        r.rename(&"m".repeat(256), "x");
        r.unlink(&gone);
        r.rename(&lower, &gone);
        r.see(&gone);
        r.rename2(&gone, &lower, RENAME_NOREPLACE);
        r.make(What::Full, &"n".repeat(255));
        r.rename(&"n".repeat(255), &gone);
        r.see(&gone);
        r.rename2(&gone, &lower, RENAME_EXCHANGE);
        r.rename(&"./".repeat(2047), "x");
        r.ls(".");
        r.ls("d");
    },
    layers: Some(|l| l.opaque(&"l".repeat(255))),
    not_on: shape::MAKES_LOWER,
    ..Scenario::DEFAULT
};
