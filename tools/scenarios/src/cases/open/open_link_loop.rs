// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "every set of open flags on links that go round, within a layer and between layers",
    setup: |b| {
        b.symlink("self", "self");
        b.symlink("below", "above");
        b.upper().symlink("above", "below");
        b.anywhere().dir("d");
        b.symlink("d/up", "../d/up/x");
    },
    steps: |r| {
        for link in ["self", "below", "above", "d/up"] {
            for flags in open_flags() {
                r.opens(link, flags);
            }
        }
        r.opens("self/", O_RDONLY);
        r.opens("self/x", O_RDONLY | O_CREAT);
    },
    layers: Some(|l| l.upper_is(&["above"])),
    ..Scenario::DEFAULT
};
