// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a working directory goes on working when it is copied up",
    setup: |b| {
        b.file("d/e/f", "text");
    },
    steps: |r| {
        r.chdir("d/e");
        r.chmod("f", 0o600);
        r.put("g", O_WRONLY | O_CREAT, "g");
        r.chmod(".", 0o700);
        r.chmod("..", 0o711);
        r.stat("../e/g");
        r.ls(".");
        r.ls("..");
    },
    layers: Some(|l| l.upper_is(&["d", "d/e", "d/e/f", "d/e/g"])),
    ..Scenario::DEFAULT
};
