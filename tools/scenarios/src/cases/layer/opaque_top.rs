// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "an opaque directory of the upper layer hides all lower ones",
    setup: |b| {
        b.lower(0).file("d/f", "below");
        b.file("e/f", "below");
        b.upper().opaque("d");
        b.file("d/g", "top");
        b.dir("e");
    },
    steps: |r| {
        r.ls("d");
        r.ls("e");
        r.put("d/f", O_WRONLY | O_CREAT | O_EXCL, "new");
        r.unlink("d/f");
        r.unlink("d/g");
        r.rmdir("d");
        r.lstat("d");
    },
    layers: Some(|l| l.whiteout("d")),
    ..Scenario::DEFAULT
};
