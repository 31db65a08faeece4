// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "connecting asks for the right to write the socket, whichever layer it is in",
    setup,
    steps: |r| {
        let sockets = |place: &str| MODES.map(|mode| format!("{place}/{mode:03o}"));
        // Nobody listens: who may connect is refused by that.
        r.each_user(|r, _| {
            for place in PLACES {
                for path in sockets(place) {
                    r.connect(&path);
                    r.try_open(&path, O_RDWR);
                    r.bind(&path);
                }
            }
        });
        for path in sockets("merged") {
            r.chmod(&path, 0o602);
        }
        r.each_user(|r, _| {
            for path in sockets("merged") {
                r.connect(&path);
            }
        });
    },
    layers: Some(|l| {
        l.in_upper("merged/600")?;
        l.absent("lower")
    }),
    ..Scenario::DEFAULT
};

const MODES: [u32; 5] = [0o600, 0o400, 0o200, 0o020, 0o606];

fn setup(b: &mut Builder) {
    in_places(b, |b, place| {
        for mode in MODES {
            b.socket(&format!("{place}/{mode:03o}"))
                .mode(mode)
                .owner(1000, 500);
        }
    });
}
