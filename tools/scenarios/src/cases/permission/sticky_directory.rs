// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "in a sticky directory everyone deletes his own files only",
    setup: |b| {
        b.dir("tmp").mode(0o1777);
        b.file("tmp/mine", "x").owner(1000, 1000);
        b.file("tmp/his", "x").owner(1001, 1001).mode(0o666);
    },
    steps: |r| {
        r.as_user(1000, 1000, |r| {
            r.unlink("tmp/his");
            r.rename("tmp/his", "tmp/x");
            r.rename("tmp/mine", "tmp/his");
            r.put("tmp/his", O_WRONLY, "written");
            r.unlink("tmp/his");
            r.unlink("tmp/mine");
            r.put("tmp/mine", O_WRONLY | O_CREAT, "new");
        });
        r.ls("tmp");
        r.stat("tmp/his");
    },
    layers: Some(|l| l.in_upper("tmp/his")),
    ..Scenario::DEFAULT
};
