// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "syncing of files and directories, below and on top",
    setup: |b| {
        b.file("f", "text");
        b.dir("d");
    },
    steps: |r| {
        let lower = r.open("f", O_RDONLY);
        r.fsync(lower);
        r.fdatasync(lower);
        let fd = r.open("f", O_RDWR);
        r.fsync(fd);
        r.write(fd, "T");
        r.fsync(fd);
        r.fdatasync(fd);
        r.fsync(lower);
        let dir = r.open("d", O_RDONLY | O_DIRECTORY);
        r.fsync(dir);
        r.put("d/new", O_WRONLY | O_CREAT, "x");
        r.fsync(dir);
        r.syncfs(dir);
    },
    ..Scenario::DEFAULT
};
