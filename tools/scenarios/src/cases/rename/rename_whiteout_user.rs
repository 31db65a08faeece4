// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "RENAME_WHITEOUT asks for no privilege",
    setup: |b| {
        b.dir("d").owner(1000, 1000);
        b.file("d/f", "text").owner(1000, 1000);
        b.file("closed/f", "text").owner(1000, 1000);
    },
    steps: |r| {
        r.as_user(1000, 1000, |r| {
            r.rename2("d/f", "d/g", RENAME_WHITEOUT);
            r.rename2("closed/f", "d/h", RENAME_WHITEOUT);
            r.mknod("d/null", libc::S_IFCHR, 0o600, 1, 3);
            let _ = sys::unlink("d/f");
            r.put("d/f", O_WRONLY | O_CREAT | O_EXCL, "mine");
        });
        r.see("d/g");
        r.ls("d");
    },
    layers: Some(|l| l.absent("closed")),
    ..Scenario::DEFAULT
};
