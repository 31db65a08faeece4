// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a new directory replaces an empty lower one",
    setup: |b| {
        b.dir("d");
        b.file("full/f", "text");
        b.dir("emptied");
        b.file("emptied/f", "text");
    },
    steps: |r| {
        r.mkdir("new");
        r.put("new/x", O_WRONLY | O_CREAT, "x");
        r.rename("new", "full");
        r.rename("new", "d");
        r.ls("d");
        r.unlink("emptied/f");
        r.mkdir("other");
        r.put("other/y", O_WRONLY | O_CREAT, "y");
        r.rename("other", "emptied");
        r.ls("emptied");
        r.ls(".");
    },
    layers: Some(|l| l.opaque("emptied")),
    ..Scenario::DEFAULT
};
