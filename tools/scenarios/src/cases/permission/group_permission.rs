// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "groups give rights to lower files",
    setup: |b| {
        b.file("f", "text").mode(0o060).owner(0, 500);
        b.file("g", "text").mode(0o604).owner(0, 500);
    },
    steps: |r| {
        r.as_user(1000, 500, |r| {
            r.cat("f");
            r.put("f", O_WRONLY, "T");
            r.cat("g");
            r.chmod("f", 0o666);
        });
        r.as_user(1000, 501, |r| {
            r.cat("f");
            r.cat("g");
        });
    },
    layers: Some(|l| l.in_upper("f")),
    ..Scenario::DEFAULT
};
