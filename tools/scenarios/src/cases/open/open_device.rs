// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "every set of open flags on devices below, above and copied up; none copies one",
    setup: |b| {
        b.char_device("below", 1, 3);
        b.char_device("copied", 1, 3);
        // No driver has these.
        b.char_device("no-char", 240, 77);
        b.block_device("no-block", 240, 77);
        b.upper().char_device("above", 1, 3);
    },
    steps: |r| {
        r.chmod("copied", 0o600);
        for device in ["below", "copied", "above", "no-char", "no-block"] {
            for flags in open_flags() {
                r.opens(device, flags);
            }
        }
    },
    layers: Some(|l| l.upper_is(&["above", "copied"])),
    ..Scenario::DEFAULT
};
