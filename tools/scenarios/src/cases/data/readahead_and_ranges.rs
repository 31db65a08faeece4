// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "readahead and sync_file_range on files below and on top",
    setup: |b| {
        b.file("f", vec![b'x'; 20_000]);
    },
    steps: |r| {
        let fd = r.open("f", O_RDWR);
        r.done("readahead", sys::readahead(fd.raw(), 0, 10_000));
        r.done("sync_file_range", sys::sync_range(fd.raw(), 0, 0, 7));
        r.write(fd, "T");
        r.done("readahead", sys::readahead(fd.raw(), 0, 10_000));
        r.done("sync_file_range", sys::sync_range(fd.raw(), 0, 0, 7));
        let dir = r.open(".", O_RDONLY | O_DIRECTORY);
        r.done("readahead of a directory", sys::readahead(dir.raw(), 0, 10));
    },
    ..Scenario::DEFAULT
};
