// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "NOREPLACE is refused by an object of any kind in any layer, and copies nothing up",
    setup: |b| {
        for what in What::ALL {
            b.object(what, &format!("lower/{what}"));
            b.upper().object(what, &format!("upper/{what}"));
            b.anywhere();
        }
        b.file("f", "text");
    },
    steps: |r| {
        r.put("new", O_WRONLY | O_CREAT, "new");
        for what in What::ALL {
            for layer in ["lower", "upper"] {
                let name = format!("{layer}/{what}");
                r.rename2("f", &name, RENAME_NOREPLACE);
                r.rename2("new", &name, RENAME_NOREPLACE);
                r.rename2(&name, &name, RENAME_NOREPLACE);
                r.see(&name);
            }
        }
        r.ls(".");
    },
    layers: Some(|l| {
        l.absent("f")?;
        l.absent("lower")
    }),
    ..Scenario::DEFAULT
};
