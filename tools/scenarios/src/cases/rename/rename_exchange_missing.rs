// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "EXCHANGE wants both names: one that is missing, deleted or hidden by a lower whiteout \
        will not do",
    setup: |b| {
        b.lower(1).file("hidden", "x");
        b.lower(0).whiteout("hidden");
        b.file("f", "text");
        b.file("gone", "x");
        b.file("d/g", "text");
    },
    steps: |r| {
        r.unlink("gone");
        for missing in ["none", "hidden", "gone", "d/none", "none/x", "f/x"] {
            r.rename2("f", missing, RENAME_EXCHANGE);
            r.rename2(missing, "f", RENAME_EXCHANGE);
            r.rename2("d", missing, RENAME_EXCHANGE);
            r.rename2(missing, missing, RENAME_EXCHANGE);
        }
        r.ls(".");
    },
    layers: Some(|l| l.upper_is(&["gone"])),
    ..Scenario::DEFAULT
};
