// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "who may write to a file may set its times to now, no more",
    setup: |b| {
        b.file("open", "text").mode(0o666);
        b.file("closed", "text");
        b.file("mine", "text").owner(1000, 1000).mode(0o400);
    },
    steps: |r| {
        const NOW: sys::Time = (0, libc::UTIME_NOW);
        const OMIT: sys::Time = (0, libc::UTIME_OMIT);
        r.as_user(1000, 1000, |r| {
            for name in ["open", "closed", "mine"] {
                r.done(
                    format_args!("touch {name}"),
                    sys::utimens(name, NOW, NOW, 0),
                );
                r.done(
                    format_args!("times of {name}"),
                    sys::utimens(name, (7, 7), (7, 7), 0),
                );
                r.done(
                    format_args!("omit of {name}"),
                    sys::utimens(name, OMIT, OMIT, 0),
                );
            }
        });
        for name in ["open", "closed", "mine"] {
            r.stat(name);
        }
    },
    layers: Some(|l| l.absent("closed")),
    ..Scenario::DEFAULT
};
