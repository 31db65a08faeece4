// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "duplicates and children share a position, which copy-up does not move",
    setup: |b| {
        b.file("f", "0123456789");
    },
    steps: |r| {
        let fd = r.open("f", O_RDWR);
        let same = r.dup(fd);
        let other = r.open("f", O_RDONLY);
        r.read(fd, 3);
        r.lseek(same, 0, SEEK_CUR);
        r.in_child(|r| {
            r.write(same, "AB");
            r.lseek(fd, 0, SEEK_CUR);
        });
        r.lseek(fd, 0, SEEK_CUR);
        r.read(same, 2);
        r.read(other, 4);
        r.close(fd);
        r.write(same, "CD");
        r.lseek(same, 0, SEEK_CUR);
        r.read(other, 10);
    },
    ..Scenario::DEFAULT
};
