// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "every set of open flags on directories of all kinds; none copies one up but O_TMPFILE",
    setup: |b| {
        b.dir("lower/sub");
        b.lower(1).dir("merged");
        b.file("opaque/hidden", "x");
        b.lower(0).dir("merged");
        b.opaque("opaque");
        b.file("both/f", "x");
        b.upper().dir("both");
        b.dir("upper");
    },
    steps: |r| {
        for dir in ["lower", "merged", "opaque", "both", "upper"] {
            for flags in open_flags() {
                if flags & O_TMPFILE != O_TMPFILE {
                    r.opens(dir, flags);
                }
            }
        }
    },
    layers: Some(|l| l.upper_is(&["both", "upper"])),
    ..Scenario::DEFAULT
};
