// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "attributes change through a descriptor opened for reading",
    setup: |b| {
        b.file("f", "text");
    },
    steps: |r| {
        let fd = r.open("f", O_RDONLY);
        r.fchmod(fd, 0o400);
        r.fstat(fd);
        r.fchown(fd, 10, 11);
        r.fstat(fd);
        r.fsetxattr(fd, "user.k", "v");
        r.futimens(fd, (1_111_111_111, 222_222_222));
        r.fstat(fd);
        r.close(fd);
        r.stat("f");
        r.getxattr("f", "user.k");
    },
    layers: Some(|l| l.in_upper("f")),
    ..Scenario::DEFAULT
};
