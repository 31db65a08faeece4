// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "unlink of a copied-up file replaces the copy by a whiteout",
    setup: |b| {
        b.file("f", "text");
    },
    steps: |r| {
        r.put("f", O_WRONLY, "T");
        r.unlink("f");
        r.lstat("f");
        r.ls(".");
    },
    layers: Some(|l| l.whiteout("f")),
    ..Scenario::DEFAULT
};
