// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "sockets of every layer get a second name, under which a listener answers as well",
    setup: |b| {
        b.socket("lower");
        b.dir("d");
        b.upper().socket("top");
    },
    steps: |r| {
        r.bind("live");
        for name in ["lower", "top", "live"] {
            let to = format!("d/{name}");
            r.link(name, &to);
            r.lstat(&to);
            r.connect(&to);
            r.unlink(name);
            r.connect(&to);
            r.lstat(&to);
        }
    },
    layers: Some(|l| {
        l.whiteout("lower")?;
        l.in_upper("d/lower")
    }),
    ..Scenario::DEFAULT
};
