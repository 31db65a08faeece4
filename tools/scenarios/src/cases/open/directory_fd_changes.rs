// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "attributes of a lower directory change through its descriptor",
    setup: |b| {
        b.dir("d");
        b.file("d/f", "text");
    },
    steps: |r| {
        let fd = r.open("d", O_RDONLY | O_DIRECTORY);
        r.fchmod(fd, 0o700);
        r.fchown(fd, 10, 11);
        r.fsetxattr(fd, "user.k", "v");
        r.futimens(fd, (1_111_111_111, 222_222_222));
        r.fstat(fd);
        r.fsync(fd);
        r.close(fd);
        r.stat("d");
    },
    layers: Some(|l| l.upper_is(&["d"])),
    ..Scenario::DEFAULT
};
