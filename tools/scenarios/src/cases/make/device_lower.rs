// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "devices on a lower layer work and are not copied up",
    setup: |b| {
        b.char_device("null", 1, 3).mode(0o666);
        b.char_device("zero", 1, 5).mode(0o666);
        b.char_device("nonesuch", 240, 77);
    },
    steps: |r| {
        r.put("null", O_WRONLY, "into the void");
        let zero = r.open("zero", O_RDWR);
        r.read(zero, 5);
        r.write(zero, "x");
        r.open("nonesuch", O_RDONLY);
        r.stat("null");
    },
    layers: Some(|l| l.upper_is(&[])),
    ..Scenario::DEFAULT
};
