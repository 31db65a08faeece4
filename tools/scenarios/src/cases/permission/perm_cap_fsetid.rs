// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "CAP_FSETID keeps set-id bits at writes, and lets those outside the group set them",
    setup: |b| {
        in_places(b, |b, place| {
            for mode in MODES {
                b.file(&format!("{place}/{mode:04o}"), "text")
                    .mode(mode)
                    .owner(1002, 500);
            }
        });
    },
    steps: |r| {
        let change = |r: &mut Run| {
            for place in PLACES {
                for mode in MODES {
                    let path = format!("{place}/{mode:04o}");
                    r.put(&path, O_WRONLY, "T");
                    r.stat(&path);
                    r.chmod(&path, mode);
                    r.stat(&path);
                    r.truncate(&path, 2);
                    r.stat(&path);
                }
            }
        };
        r.with_only(OTHER, &[cap::FSETID], change);
        r.with_only(OTHER, &[cap::FOWNER, cap::CHOWN], change);
        r.without(&[cap::FSETID], change);
    },
    layers: Some(|l| l.in_upper("lower/2767")),
    ..Scenario::DEFAULT
};

// Set-group-id without the right to execute for the group meant mandatory locks once.
const MODES: [u32; 4] = [0o6777, 0o2777, 0o2767, 0o4766];
