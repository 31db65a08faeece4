// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a lower file renamed fifty times leaves one whiteout and one copy",
    setup: |b| {
        b.file("d/0", "text").mode(0o640).owner(3, 4);
        // Names on the way that were deleted: whiteouts to be crossed, and to be restored.
        for number in [10, 20, 30] {
            b.file(&format!("d/{number}"), "old");
        }
    },
    steps: |r| {
        for number in [10, 20, 30] {
            r.unlink(&format!("d/{number}"));
        }
        let before = r.identity("d/0");
        for number in 0..50 {
            r.rename(&format!("d/{number}"), &format!("d/{}", number + 1));
        }
        let after = r.identity("d/50");
        r.expect("it is the same file", before == after);
        r.listed_number("d", "50");
        r.see("d/50");
        r.ls("d");
    },
    layers: Some(|l| {
        for name in ["d/0", "d/10", "d/20", "d/30"] {
            l.whiteout(name)?;
        }
        l.upper_is(&["d", "d/0", "d/10", "d/20", "d/30", "d/50"])
    }),
    not_on: &[
        ("rotate", shape::NUMBERS_IN_TOP),
        ("rotate-ext4", shape::NUMBERS_IN_TOP),
    ],
    ..Scenario::DEFAULT
};
