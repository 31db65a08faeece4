// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a chain of O_PATH descriptors leads to a directory and cannot list it; opened from there \
        it is listed, and what is no directory never is",
    setup: |b| {
        every_dir(b, 3);
        for dir in DIRS {
            b.dir(&format!("{dir}/sub"));
            b.file(&format!("{dir}/sub/x"), "x");
        }
    },
    steps: |r| {
        for dir in DIRS {
            let root = r.open(".", O_PATH);
            let outer = r.open_at(root, dir, O_PATH | O_DIRECTORY);
            let inner = r.open_at(outer, "sub", O_PATH | O_NOFOLLOW);
            for fd in [root, outer, inner] {
                r.getdents(fd, 4096);
                r.lseek(fd, 0, SEEK_SET);
                let twin = r.dup(fd);
                r.getdents(twin, 4096);
                r.fsync(fd);
            }
            for fd in [outer, inner] {
                let list = r.open_at(fd, ".", O_RDONLY | O_DIRECTORY);
                r.again(list);
                let list = r.reopen(fd, O_RDONLY);
                r.again(list);
            }
            r.open_at(outer, "00", O_RDONLY | O_DIRECTORY);
            let file = r.open_at(outer, "00", O_RDONLY);
            r.getdents(file, 4096);
            let file = r.open_at(outer, "00", O_PATH);
            r.getdents(file, 4096);
            r.open_at(outer, ".", O_RDWR | O_DIRECTORY);
        }
    },
    layers: Some(|l| l.absent("lower/sub")),
    ..Scenario::DEFAULT
};
