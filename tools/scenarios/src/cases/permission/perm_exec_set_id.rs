// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "set-id programs run as their owner and group, until a change of the data",
    setup: |b| {
        in_places(b, |b, place| {
            for (name, program) in [
                ("user", elf::exits_with_user()),
                ("group", elf::exits_with_group()),
            ] {
                b.file(&format!("{place}/{name}"), program)
                    .mode(0o6777)
                    .owner(1000, 500);
            }
            // Without the right to execute for the group this bit means nothing.
            b.file(&format!("{place}/odd"), elf::exits_with_group())
                .mode(0o2705)
                .owner(1003, 500);
        });
    },
    steps: |r| {
        let run = |r: &mut Run| {
            r.as_who(OTHER, |r| {
                for place in PLACES {
                    for name in ["user", "group", "odd"] {
                        r.exec(&format!("{place}/{name}"), &[]);
                    }
                }
            });
        };
        run(r);
        for place in PLACES {
            for name in ["user", "group", "odd"] {
                r.utimens(&format!("{place}/{name}"), (5, 5));
            }
        }
        run(r);
        r.as_who(OTHER, |r| {
            for place in PLACES {
                for name in ["user", "group"] {
                    r.put(&format!("{place}/{name}"), O_WRONLY | O_APPEND, "x");
                }
            }
        });
        run(r);
    },
    layers: Some(|l| l.in_upper("lower/odd")),
    ..Scenario::DEFAULT
};
