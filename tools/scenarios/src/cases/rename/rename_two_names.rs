// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a rename between two names of one inode does nothing, wherever they are and however \
        they came about",
    setup: |b| {
        b.file("f", "text");
        b.dir("d");
        b.file("gone", "old");
        b.upper().file("top", "top");
        b.link("linked", "top");
    },
    steps: |r| {
        r.link("f", "d/g");
        r.unlink("gone");
        r.link("f", "gone");
        r.utimens("d", OLD);
        for flags in [0, RENAME_EXCHANGE, RENAME_WHITEOUT, RENAME_NOREPLACE] {
            r.rename2("f", "d/g", flags);
            r.rename2("d/g", "gone", flags);
            r.rename2("top", "linked", flags);
        }
        for name in ["f", "d/g", "gone", "top", "linked"] {
            r.see(name);
        }
        r.stat("d");
        // One of them alone can still go.
        r.rename("gone", "else");
        r.rename("f", "else");
        r.unlink("f");
        r.see("else");
    },
    layers: Some(|l| {
        l.whiteout("gone")?;
        l.whiteout("f")
    }),
    ..Scenario::DEFAULT
};
