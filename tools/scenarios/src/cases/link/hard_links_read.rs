// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "hard links of a lower layer are seen as such",
    setup: |b| {
        b.file("a", "text");
        b.link("b", "a");
        b.link("d/c", "a");
    },
    steps: |r| {
        r.stat("a");
        r.stat("d/c");
        let (one, two) = (r.identity("a"), r.identity("b"));
        r.expect("two names of one inode", one == two);
    },
    layers: Some(|l| l.upper_is(&[])),
    ..Scenario::DEFAULT
};
