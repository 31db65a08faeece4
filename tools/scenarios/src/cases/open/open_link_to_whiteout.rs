// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "O_CREAT through a lower link whose target was deleted makes the target anew",
    setup: |b| {
        b.lower(1).file("d/by-layer", "hidden below");
        b.lower(0).whiteout("d/by-layer");
        b.file("d/by-union", "deleted");
        b.symlink("one", "d/by-layer");
        b.symlink("two", "d/by-union");
        b.symlink("three", "two");
    },
    steps: |r| {
        r.unlink("d/by-union");
        for link in ["one", "two", "three"] {
            r.opens(link, O_RDONLY);
            r.opens(link, O_WRONLY | O_TRUNC);
            r.opens(link, O_RDONLY | O_CREAT | O_EXCL);
            r.opens(link, O_RDONLY | O_CREAT | O_NOFOLLOW);
            r.stat(link);
        }
        r.opens("one", O_RDONLY | O_CREAT);
        r.put("three", O_WRONLY | O_CREAT, "made");
        r.cat("two");
        r.ls("d");
    },
    layers: Some(|l| l.upper_is(&["d", "d/by-layer", "d/by-union"])),
    ..Scenario::DEFAULT
};
