// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a directory that gets another parent must be writable itself, for its entry \"..\"",
    setup,
    steps: |r| {
        r.as_who(OTHER, |r| {
            for place in ["lower", "upper"] {
                // Refused before it is asked whether the directory could be moved at all.
                r.rename(&format!("{place}/from/stays"), &format!("{place}/to/stays"));
                r.rename2(
                    &format!("{place}/from/stays"),
                    &format!("{place}/to/full"),
                    RENAME_EXCHANGE,
                );
                r.rename2(
                    &format!("{place}/to/file"),
                    &format!("{place}/from/stays"),
                    RENAME_EXCHANGE,
                );
            }
            // Under the same parent it need not be.
            r.rename("upper/from/stays", "upper/from/renamed");
            r.rename("upper/from/moves", "upper/to/moves");
            r.rename("upper/from/moves_too", "upper/to/empty");
        });
        r.ls("upper/from");
        r.ls("upper/to");
    },
    layers: Some(|l| {
        l.absent("lower")?;
        l.in_upper("upper/from/renamed/f")?;
        l.in_upper("upper/to/moves/f")
    }),
    not_on: shape::MAKES_LOWER,
    ..Scenario::DEFAULT
};

fn setup(b: &mut Builder) {
    in_places(b, |b, place| {
        b.dir(&format!("{place}/from")).mode(0o777);
        b.dir(&format!("{place}/to")).mode(0o777);
        for (name, mode) in [
            ("from/stays", 0o755),
            ("from/moves", 0o757),
            ("from/moves_too", 0o757),
            ("to/full", 0o777),
        ] {
            b.dir(&format!("{place}/{name}")).mode(mode);
            b.file(&format!("{place}/{name}/f"), "text");
        }
        b.dir(&format!("{place}/to/empty"));
        b.file(&format!("{place}/to/file"), "text");
    });
}
