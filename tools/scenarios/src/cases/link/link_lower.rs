// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a link to a lower file is the same file",
    setup: |b| {
        b.file("f", "text").mode(0o640).owner(5, 6);
    },
    steps: |r| {
        r.link("f", "g");
        r.stat("f");
        r.stat("g");
        r.put("g", O_WRONLY, "T");
        r.cat("f");
        r.chmod("f", 0o600);
        r.stat("g");
        r.unlink("f");
        r.stat("g");
        let (one, two) = (r.identity("g"), r.identity("g"));
        r.expect("a file is itself", one == two);
    },
    layers: Some(|l| {
        l.whiteout("f")?;
        l.in_upper("g")
    }),
    ..Scenario::DEFAULT
};
