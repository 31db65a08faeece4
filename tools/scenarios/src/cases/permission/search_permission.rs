// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "directories without search permission keep everyone out",
    setup: |b| {
        b.dir("closed").mode(0o700);
        b.file("closed/f", "text").mode(0o666);
        b.dir("blind").mode(0o711);
        b.file("blind/f", "text");
        b.dir("look").mode(0o744);
        b.file("look/f", "text");
    },
    steps: |r| {
        r.as_user(1000, 1000, |r| {
            for dir in ["closed", "blind", "look"] {
                r.ls(dir);
                r.cat(&format!("{dir}/f"));
                r.stat(&format!("{dir}/none"));
                r.chdir(dir);
                r.access(dir, X_OK);
            }
        });
    },
    layers: Some(|l| l.upper_is(&[])),
    ..Scenario::DEFAULT
};
