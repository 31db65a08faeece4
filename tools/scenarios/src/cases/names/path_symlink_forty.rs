// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "forty links may be followed on the way, whatever layers they are from, and not one more",
    setup: |b| {
        b.file("d/l0", "the end");
        for n in 1..=41 {
            // Links of two lower layers and the upper layer in turn.
            match n % 3 {
                0 => b.upper(),
                lower => b.lower(lower - 1),
            };
            b.symlink(&format!("d/l{n}"), &format!("l{}", n - 1));
        }
    },
    steps: |r| {
        r.cat("d/l40");
        r.cat("d/l41");
        r.stat("d/l41");
        r.lstat("d/l41");
        r.put("d/l40", O_WRONLY, "THE");
        r.truncate("d/l41", 0);
        r.put("d/l41", O_WRONLY | O_CREAT, "x");
        r.cat("d/l1");
        // One link less in the middle, and the last is in reach.
        r.unlink("d/l20");
        r.cat("d/l41");
        r.link("d/l0", "d/l20");
        r.cat("d/l41");
    },
    layers: Some(|l| {
        l.in_upper("d/l20")?;
        l.absent("d/l40")
    }),
    ..Scenario::DEFAULT
};
