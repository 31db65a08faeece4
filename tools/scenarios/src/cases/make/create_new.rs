// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "new files get the mode asked for, and are really there",
    setup: |b| {
        b.dir("d");
    },
    steps: |r| {
        r.put("f", O_WRONLY | O_CREAT, "one");
        r.put("d/f", O_WRONLY | O_CREAT | O_EXCL, "two");
        r.open_mode("d/m", O_RDWR | O_CREAT, 0o4711);
        r.stat("d/m");
        r.with_umask(0o077, |r| {
            r.open_mode("d/u", O_RDWR | O_CREAT, 0o666);
            r.mkdir_mode("d/dir", 0o777);
        });
        r.stat("d/u");
        r.stat("d/dir");
        r.cat("d/f");
        r.ls("d");
    },
    layers: Some(|l| l.not_opaque("d")),
    ..Scenario::DEFAULT
};
