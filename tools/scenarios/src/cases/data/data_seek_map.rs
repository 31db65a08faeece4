// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "an open descriptor maps data and holes as they are now: below, copied up, and changed since",
    setup: |b| {
        b.sparse(
            "f",
            1 << 20,
            &[
                (65_536, &[b'a'; 8192]),
                (300_000, &[b'b'; 4096]),
                ((1 << 20) - 4096, &[b'c'; 4096]),
            ],
        );
        b.sparse("hole", 1 << 20, &[]);
        b.file("empty", "");
    },
    steps: |r| {
        let old = r.open("f", O_RDONLY);
        r.data_map(old);
        let fd = r.open("f", O_RDWR);
        r.pwrite(fd, "!", 70_000);
        r.data_map(old);
        r.data_map(fd);
        r.fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 65_536, 4096);
        r.pwrite(fd, vec![b'd'; 4096], 524_288);
        r.data_map(old);
        r.ftruncate(fd, 400_000);
        r.data_map(old);
        for path in ["hole", "empty"] {
            let fd = r.open(path, O_RDWR);
            r.data_map(fd);
            r.fchmod(fd, 0o600);
            r.data_map(fd);
            r.lseek(fd, 0, SEEK_HOLE);
        }
    },
    ..Scenario::DEFAULT
};
