// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "dots at the end of the path, and the root itself, cannot be removed",
    setup: |b| {
        b.file("full/sub/f", "x");
        b.dir("empty/sub");
        b.symlink("link", "empty/sub");
    },
    steps: |r| {
        for path in [
            ".",
            "..",
            "empty/.",
            "empty/sub/.",
            "empty/sub/..",
            "full/sub/..",
            "full/../.",
            "link/.",
            "link/",
            "link/..",
            "empty/sub/../../full",
            "",
            "none/.",
        ] {
            r.rmdir(path);
            r.unlink(path);
        }
        r.rmdir("empty/sub/");
        r.rmdir("link/");
        r.rmdir("./empty//");
        r.ls(".");
    },
    layers: Some(|l| l.upper_is(&["empty"])),
    ..Scenario::DEFAULT
};
