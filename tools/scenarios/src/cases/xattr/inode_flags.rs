// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "flags of inodes are read and set",
    setup: |b| {
        b.file("f", "text");
        b.dir("d");
    },
    steps: |r| {
        const NODUMP: u32 = 0x40;
        const APPEND: u32 = 0x20;
        let fd = r.open("f", O_RDONLY);
        r.get_flags(fd, NODUMP | APPEND);
        r.set_flags(fd, NODUMP, NODUMP | APPEND);
        r.get_flags(fd, NODUMP | APPEND);
        r.set_flags(fd, APPEND, NODUMP | APPEND);
        r.put("f", O_WRONLY, "T");
        r.put("f", O_WRONLY | O_APPEND, "T");
        r.unlink("f");
        r.set_flags(fd, 0, NODUMP | APPEND);
        r.cat("f");
        let dir = r.open("d", O_RDONLY | O_DIRECTORY);
        r.set_flags(dir, NODUMP, NODUMP | APPEND);
        r.get_flags(dir, NODUMP | APPEND);
    },
    not_on: shape::NO_FLAGS,
    ..Scenario::DEFAULT
};
