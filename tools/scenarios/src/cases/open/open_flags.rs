// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "open refuses what it must refuse",
    setup: |b| {
        b.file("f", "text");
        b.dir("d");
        b.symlink("l", "f");
        b.symlink("ld", "d");
    },
    steps: |r| {
        r.open("f", O_RDONLY | O_DIRECTORY);
        r.open("l", O_RDONLY | O_NOFOLLOW);
        r.open("ld", O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
        r.open("f", O_RDONLY | O_CREAT | O_EXCL);
        r.open("l", O_RDONLY | O_CREAT | O_EXCL);
        r.open("d", O_RDONLY | O_CREAT | O_EXCL);
        r.open("none", O_RDONLY);
        r.open("f/x", O_RDONLY);
        r.open("none/x", O_RDONLY | O_CREAT);
        r.open("d/", O_RDONLY | O_CREAT);
        r.open("new/", O_RDONLY | O_CREAT);
        let fd = r.open("f", O_RDONLY | O_CREAT);
        r.write(fd, "x");
        r.close(fd);
        let fd = r.open("f", O_WRONLY);
        r.read(fd, 1);
    },
    layers: Some(|l| l.upper_is(&[])),
    ..Scenario::DEFAULT
};
