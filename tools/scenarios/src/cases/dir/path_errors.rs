// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "paths through what is no directory, and empty ones",
    setup: |b| {
        b.file("f", "text");
        b.dir("d");
        b.symlink("l", "f");
    },
    steps: |r| {
        for path in [
            "f/x", "f/", "f/.", "f/..", "l/x", "l/", "none/..", "", "d/../f", "d/.", "d//",
        ] {
            r.stat(path);
        }
        r.stat(&"x/".repeat(3000));
        r.chdir("f");
        r.chdir("d");
        r.stat("../f");
        r.put("here", O_WRONLY | O_CREAT, "x");
        r.ls(".");
    },
    ..Scenario::DEFAULT
};
