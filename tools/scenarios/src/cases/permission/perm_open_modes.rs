// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "mode bits decide who opens a file for what, and opening copies nothing",
    setup,
    steps: |r| {
        r.each_user(|r, _| {
            for place in PLACES {
                for mode in MODES {
                    let name = format!("{place}/{mode:03o}");
                    r.try_open(&name, O_RDONLY);
                    r.try_open(&name, O_WRONLY);
                    r.try_open(&name, O_RDWR | O_APPEND);
                    r.try_open(&name, O_PATH);
                    r.try_open(&name, O_RDONLY | O_DIRECTORY);
                }
            }
        });
    },
    layers: Some(|l| upper_gained(l, setup, &[])),
    ..Scenario::DEFAULT
};

// The last ones: the first class that fits decides, even if a later one would allow more.
const MODES: [u32; 9] = [
    0o600, 0o400, 0o200, 0o060, 0o640, 0o006, 0o604, 0o066, 0o606,
];

fn setup(b: &mut Builder) {
    in_places(b, |b, place| {
        for mode in MODES {
            b.file(&format!("{place}/{mode:03o}"), "text")
                .mode(mode)
                .owner(1000, 500);
        }
    });
}
