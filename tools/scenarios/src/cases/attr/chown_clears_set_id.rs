// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "chown drops set-user-id bits and capabilities",
    setup: |b| {
        b.file("f", "text").mode(0o6755);
        b.file("g", "text").mode(0o2745);
    },
    steps: |r| {
        r.chown("f", 1000, 1000);
        r.stat("f");
        r.as_user(1000, 1000, |r| {
            r.chown("f", u32::MAX, 1000);
        });
        r.chown("g", 1000, 1000);
        r.stat("g");
    },
    ..Scenario::DEFAULT
};
