// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a link to a name that is taken, by an object of any kind in any layer, is refused and \
        copies nothing up",
    setup: |b| {
        b.file("f", "text");
        b.file("closed/f", "text");
        for what in What::ALL {
            b.anywhere().object(what, &format!("lower/{what}"));
            b.upper().object(what, &format!("top/{what}"));
        }
        b.anywhere().dir("open").mode(0o777);
    },
    steps: |r| {
        for what in What::ALL {
            for dir in ["lower", "top"] {
                r.link("f", &format!("{dir}/{what}"));
                r.link(&format!("lower/{what}"), &format!("{dir}/{what}"));
            }
        }
        r.link("f", ".");
        r.link("f", "lower/empty/.");
        r.link("f", "lower/empty/..");
        r.link("f/", "x");
        r.link("f", "x/");
        r.link(".", "x");
        r.link("", "x");
        r.link("f", "");
        r.link("f", &"n".repeat(256));
        r.as_user(1000, 1000, |r| {
            r.link("f", "closed/g");
            r.link("closed/f", "g");
            r.link("lower", "open/lower");
        });
    },
    layers: Some(|l| {
        for name in ["f", "closed", "lower", "open"] {
            l.absent(name)?;
        }
        Ok(())
    }),
    ..Scenario::DEFAULT
};
