// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a rename asks for both directories, and for the moved directory itself where its \
        parent changes",
    setup: |b| {
        b.dir("open").mode(0o777);
        b.file("open/f", "text").owner(1000, 1000);
        b.file("closed/f", "text").owner(1000, 1000);
        b.dir("blind").mode(0o666).owner(1000, 1000);
        b.file("blind/f", "text").owner(1000, 1000);
        b.dir("other").mode(0o777);
    },
    steps: |r| {
        r.mkdir_mode("open/stiff", 0o555);
        r.make(What::Full, "open/soft");
        r.chmod("open/soft", 0o777);
        r.as_user(1000, 1000, |r| {
            for (old, new) in [
                ("open/f", "closed/x"),
                ("closed/f", "open/x"),
                ("closed/f", "closed/x"),
                ("blind/f", "open/x"),
                ("open/f", "blind/x"),
                ("open/none", "closed/x"),
                // Its `..` would have to be written to.
                ("open/stiff", "other/stiff"),
                ("open/stiff", "open/renamed"),
                ("open/soft", "other/soft"),
                ("other/soft", "open/renamed"),
            ] {
                r.rename(old, new);
                r.rename2(old, new, RENAME_EXCHANGE);
            }
            r.rename("open/f", "other/f");
        });
        r.ls("open");
        r.ls("other");
    },
    layers: Some(|l| {
        l.absent("closed")?;
        l.absent("blind")?;
        l.whiteout("open/f")
    }),
    not_on: shape::MAKES_LOWER,
    ..Scenario::DEFAULT
};
