// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a name deleted and made again has nothing of the old file",
    setup: |b| {
        b.file("f", "old text").mode(0o600).xattr("user.a", b"1");
    },
    steps: |r| {
        r.unlink("f");
        r.put("f", O_WRONLY | O_CREAT | O_EXCL, "new");
        r.stat("f");
        r.listxattr("f");
        r.cat("f");
        r.unlink("f");
        r.ls(".");
        r.put("f", O_WRONLY | O_CREAT, "again");
    },
    layers: Some(|l| l.in_upper("f")),
    ..Scenario::DEFAULT
};
