// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "the limit on the size of files counts for copy_file_range, sendfile and FICLONERANGE",
    setup: |b| {
        b.file("from", vec![b'y'; 20_480]);
        b.file("a", vec![b'x'; 5_000]);
        b.file("b", vec![b'x'; 5_000]);
        b.file("c", vec![b'x'; 4_096]);
    },
    steps: |r| {
        r.done("limit", sys::limit_file_size(8192));
        let from = r.open("from", O_RDONLY);
        let a = r.open("a", O_RDWR);
        r.copy_file_range(from, 0, a, 8_000, 1_000);
        r.fstat(a);
        r.copy_file_range(from, 0, a, 8_192, 1_000);
        let b = r.open("b", O_RDWR);
        r.lseek(b, 8_000, SEEK_SET);
        r.sendfile(b, from, 1_000);
        r.fstat(b);
        r.sendfile(b, from, 1_000);
        let c = r.open("c", O_RDWR);
        r.clone_range(from, 0, 4096, c, 4096);
        r.clone_range(from, 0, 4096, c, 8192);
        r.fstat(c);
    },
    not_on: shape::SHARES_NO_BLOCKS,
    ..Scenario::DEFAULT
};
