// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "the rights to a merged directory are those of its topmost part alone",
    setup: |b| {
        b.lower(1).dir("opened").mode(0o700);
        b.file("opened/f", "text").mode(0o666);
        b.dir("shut").mode(0o777);
        b.file("shut/f", "text").mode(0o666);
        b.lower(0).dir("opened").mode(0o000).owner(1003, 1003);
        b.dir("shut").mode(0o777);
        b.file("shut/g", "text").mode(0o666);
        b.upper().dir("opened").mode(0o755).owner(1000, 500);
        b.dir("shut").mode(0o700).owner(1000, 500);
    },
    steps: |r| {
        for who in [OTHER, OWNER] {
            r.as_who(who, |r| {
                r.ls("opened");
                r.cat("opened/f");
                r.put("opened/f", O_WRONLY, who.name);
                r.try_open("opened/new", O_WRONLY | O_CREAT);
                r.ls("shut");
                r.cat("shut/f");
                r.put("shut/g", O_WRONLY, who.name);
                r.unlink("shut/f");
            });
        }
    },
    layers: Some(|l| {
        l.in_upper("opened/f")?;
        l.whiteout("shut/f")
    }),
    ..Scenario::DEFAULT
};
