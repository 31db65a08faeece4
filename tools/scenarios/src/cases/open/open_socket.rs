// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "every set of open flags on a socket below, above and copied up: ENXIO, or a refusal before that",
    setup: |b| {
        b.socket("below");
        b.socket("copied");
        b.upper().socket("above");
    },
    steps: |r| {
        r.chmod("copied", 0o700);
        for socket in ["below", "copied", "above"] {
            for flags in open_flags() {
                r.opens(socket, flags);
            }
        }
    },
    layers: Some(|l| l.upper_is(&["above", "copied"])),
    ..Scenario::DEFAULT
};
