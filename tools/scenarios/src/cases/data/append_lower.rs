// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "O_APPEND writes at the end of a lower file",
    setup: |b| {
        b.file("f", "begin");
    },
    steps: |r| {
        let fd = r.open("f", O_WRONLY | O_APPEND);
        r.write(fd, "-end");
        r.lseek(fd, 0, SEEK_SET);
        r.write(fd, "!");
        r.lseek(fd, 0, SEEK_CUR);
        r.close(fd);
        r.cat("f");
    },
    ..Scenario::DEFAULT
};
