// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a removed directory that is open still takes a new mode, owner, time and attribute, also one from below",
    setup: |b| {
        b.dir("lower");
        b.dir("copied");
        b.upper().dir("upper");
    },
    steps: |r| {
        r.chmod("copied", 0o711);
        for name in ["upper", "copied", "lower"] {
            let dir = r.open(name, O_RDONLY | O_DIRECTORY);
            r.rmdir(name);
            r.fchmod(dir, 0o700);
            r.fchown(dir, 7, 8);
            r.futimens(dir, (1_111_111_111, 2));
            r.fsetxattr(dir, "user.a", "1");
            r.fstat(dir);
        }
    },
    layers: Some(|l| {
        l.whiteout("lower")?;
        l.absent("upper")
    }),
    ..Scenario::DEFAULT
};
