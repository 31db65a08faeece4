// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "the attributes of a deleted directory can be changed through its descriptor, whichever \
        layer it was in",
    setup: |b| {
        b.dir("lower");
        b.upper().dir("upper");
    },
    steps: |r| {
        for dir in ["lower", "upper"] {
            let fd = r.open(dir, O_RDONLY | O_DIRECTORY);
            r.rmdir(dir);
            r.fchmod(fd, 0o700);
            r.fchown(fd, 1, 2);
            r.futimens(fd, OLD);
            r.fstat(fd);
        }
    },
    ..Scenario::DEFAULT
};
