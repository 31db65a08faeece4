// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a name hidden and made again within the layers",
    setup: |b| {
        b.lower(2).file("f", "oldest");
        b.file("d/old", "old");
        b.lower(1).whiteout("f");
        b.whiteout("d");
        b.lower(0).file("f", "newest");
        b.opaque("d");
        b.file("d/new", "new");
    },
    steps: |r| {
        r.cat("f");
        r.ls("d");
        r.lstat("d/old");
        r.unlink("f");
        r.lstat("f");
        r.put("f", O_WRONLY | O_CREAT, "again");
        r.unlink("d/new");
        r.rmdir("d");
        r.lstat("d");
    },
    layers: Some(|l| l.whiteout("d")),
    ..Scenario::DEFAULT
};
