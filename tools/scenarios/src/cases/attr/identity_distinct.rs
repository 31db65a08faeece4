// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "different files have different numbers",
    setup: |b| {
        b.lower(1).file("a", "a");
        b.file("b", "b");
        b.dir("c");
        b.lower(0).file("d", "d");
        b.dir("e");
        b.upper().file("f", "f");
    },
    steps: |r| {
        r.put("g", O_WRONLY | O_CREAT, "g");
        let mut seen = Vec::new();
        for name in ["a", "b", "c", "d", "e", "f", "g", "."] {
            seen.push(r.identity(name));
        }
        let device = seen[0].0;
        r.expect(
            "all on one device",
            seen.iter().all(|(dev, _)| *dev == device),
        );
        let count = seen.len();
        seen.sort_unstable();
        seen.dedup();
        r.expect("all different", seen.len() == count);
    },
    ..Scenario::DEFAULT
};
