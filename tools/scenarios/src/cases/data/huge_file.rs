// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "offsets beyond 4 GiB survive copy-up",
    setup: |b| {
        b.sparse(
            "f",
            5 << 30,
            &[
                (0, b"begin"),
                ((4 << 30) + 5000, b"middle"),
                ((5 << 30) - 3, b"end"),
            ],
        );
    },
    steps: |r| {
        let fd = r.open("f", O_RDWR);
        r.pread(fd, 6, (4 << 30) + 5000);
        r.pwrite(fd, "!", (4 << 30) + 5006);
        r.fstat(fd);
        r.pread(fd, 10, (5 << 30) - 3);
        r.pread(fd, 7, (4 << 30) + 5000);
        r.pwrite(fd, "more", 6 << 30);
        r.fstat(fd);
        r.ftruncate(fd, (4 << 30) + 5003);
        r.fstat(fd);
        r.pread(fd, 10, (4 << 30) + 5000);
    },
    layers: Some(|l| {
        let stat = l.stat("f")?;
        if stat.st_blocks > 1000 {
            return Err(format!(
                "the copy must be sparse, it has {} blocks",
                stat.st_blocks
            ));
        }
        Ok(())
    }),
    ..Scenario::DEFAULT
};
