// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "whiteouts in an opaque directory hide nothing and cost nothing: their names are free, \
        the directory can be removed",
    setup: |b| {
        b.lower(1).file("d/f", "below");
        b.file("d/sub/g", "below");
        b.lower(0).opaque("d");
        b.whiteout("d/f");
        b.upper().opaque("e");
        b.whiteout("e/x");
        b.whiteout("e/y");
        b.opaque("e/inner");
        b.whiteout("e/inner/z");
        b.lower(1).file("e/x", "below");
        b.file("e/inner/z", "below");
    },
    steps: |r| {
        for dir in ["d", "e", "e/inner"] {
            r.see(dir);
        }
        for name in ["d/f", "d/sub", "e/x", "e/inner/z"] {
            r.mkdir(name);
            r.see(name);
        }
        r.rmdir("e/x");
        r.rename("e/inner/z", "e/x");
        r.make(What::File, "e/y");
        r.rename("e/y", "e/inner/z");
        r.unlink("e/inner/z");
        r.rmdir("e/inner");
        r.lstat("e/inner");
        r.rmdir("e/x");
        r.rmdir("e");
        r.lstat("e");
        r.mkdir("e");
        r.see("e");
    },
    layers: Some(|l| {
        l.opaque("e")?;
        l.upper_is(&["d", "d/f", "d/sub", "e"])
    }),
    ..Scenario::DEFAULT
};
