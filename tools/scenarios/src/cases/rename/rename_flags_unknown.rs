// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "flags that are unknown or contradict each other are refused before anything is looked \
        at",
    setup: |b| {
        b.file("f", "text");
        b.file("g", "text");
        b.dir("d");
    },
    steps: |r| {
        const ALL: u32 = RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT;
        for flags in [
            RENAME_EXCHANGE | RENAME_NOREPLACE,
            RENAME_EXCHANGE | RENAME_WHITEOUT,
            ALL,
            8,
            16 | RENAME_EXCHANGE,
            1 << 31,
            !ALL,
            u32::MAX,
        ] {
            r.note(format_args!("-- flags {flags:#x}"));
            r.rename2("f", "g", flags);
            r.rename2("f", "new", flags);
            r.rename2("none", "g", flags);
            r.rename2("d", "none/x", flags);
        }
        r.ls(".");
    },
    layers: Some(|l| l.upper_is(&[])),
    ..Scenario::DEFAULT
};
