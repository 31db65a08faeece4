// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "file capabilities work through the union, before and after copy-up, until a write",
    setup: |b| {
        in_places(b, |b, place| {
            b.file(&format!("{place}/capable"), elf::becomes_user())
                .mode(0o777)
                .owner(1000, 500)
                .xattr("security.capability", &SETUID);
            b.file(&format!("{place}/plain"), elf::becomes_user())
                .mode(0o777);
        });
    },
    steps: |r| {
        let run = |r: &mut Run| {
            r.in_child(|r| {
                // Not one whose real user is root: that one's capabilities would come back.
                sys::become_for_good(1002, 1002).expect("root may become anyone");
                for place in PLACES {
                    r.exec(&format!("{place}/capable"), &[]);
                    r.exec(&format!("{place}/plain"), &[]);
                }
            });
        };
        run(r);
        for place in PLACES {
            r.utimens(&format!("{place}/capable"), (5, 5));
            r.setxattr(&format!("{place}/plain"), "security.capability", SETUID);
        }
        run(r);
        r.as_who(OWNER, |r| {
            for place in PLACES {
                r.put(&format!("{place}/capable"), O_WRONLY | O_APPEND, "x");
            }
        });
        run(r);
        for place in PLACES {
            r.getxattr(&format!("{place}/capable"), "security.capability");
            r.chown(&format!("{place}/plain"), 1000, 500);
        }
        run(r);
    },
    layers: Some(|l| l.in_upper("lower/capable")),
    ..Scenario::DEFAULT
};

/// cap_setuid=ep, version 2.
const SETUID: [u8; 20] = [
    1, 0, 0, 2, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
];
