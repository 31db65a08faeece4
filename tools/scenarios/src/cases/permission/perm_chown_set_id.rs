// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a new group drops the set-id bits of files, not those of directories",
    setup: |b| {
        in_places(b, |b, place| {
            for mode in [0o6755, 0o2745, 0o2644, 0o4600] {
                b.file(&format!("{place}/{mode:04o}"), "text")
                    .mode(mode)
                    .owner(1001, 1001);
            }
            b.dir(&format!("{place}/dir"))
                .mode(0o7755)
                .owner(1001, 1001);
        });
    },
    steps: |r| {
        r.as_who(MEMBER, |r| {
            for place in PLACES {
                for name in ["6755", "2745", "2644", "4600", "dir"] {
                    r.chown(&format!("{place}/{name}"), u32::MAX, 501);
                    r.stat(&format!("{place}/{name}"));
                }
            }
        });
        // Neither CAP_FSETID nor CAP_CHOWN make a difference for executable files.
        for place in PLACES {
            r.chmod(&format!("{place}/6755"), 0o6755);
            r.chown(&format!("{place}/6755"), 7, 7);
            r.stat(&format!("{place}/6755"));
        }
    },
    layers: Some(|l| l.in_upper("merged/2644")),
    ..Scenario::DEFAULT
};
