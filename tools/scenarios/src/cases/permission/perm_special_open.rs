// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "devices and FIFOs are opened and written by their modes, without being copied",
    setup,
    steps: |r| {
        r.each_user(|r, _| {
            for place in PLACES {
                for mode in MODES {
                    let null = format!("{place}/null{mode:03o}");
                    r.cat(&null);
                    r.put(&null, O_WRONLY, "x");
                    r.try_open(&null, O_RDWR | O_TRUNC);
                    let fifo = format!("{place}/fifo{mode:03o}");
                    r.try_open(&fifo, O_RDONLY | libc::O_NONBLOCK);
                    r.try_open(&fifo, O_RDWR);
                    r.chmod(&null, 0o666);
                }
                r.try_open(&format!("{place}/nothing"), O_RDONLY);
            }
        });
    },
    layers: Some(|l| {
        l.absent("lower/nothing")?;
        l.absent("lower/fifo606")?;
        l.in_upper("lower/null640")
    }),
    ..Scenario::DEFAULT
};

const MODES: [u32; 4] = [0o640, 0o606, 0o020, 0o000];

fn setup(b: &mut Builder) {
    in_places(b, |b, place| {
        for mode in MODES {
            b.char_device(&format!("{place}/null{mode:03o}"), 1, 3)
                .mode(mode)
                .owner(1000, 500);
            b.fifo(&format!("{place}/fifo{mode:03o}"))
                .mode(mode)
                .owner(1000, 500);
        }
        // A device nobody has made: the right to it is asked for first.
        b.char_device(&format!("{place}/nothing"), 240, 77)
            .mode(0o600);
    });
}
