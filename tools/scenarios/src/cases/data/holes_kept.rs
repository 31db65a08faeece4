// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "copy-up keeps the holes of a sparse file",
    setup: |b| {
        b.sparse(
            "f",
            4 << 20,
            &[(0, &[b'a'; 4096]), (2 << 20, &[b'b'; 8192])],
        );
    },
    steps: |r| {
        let fd = r.open("f", O_RDWR);
        r.pwrite(fd, "x", 100);
        r.lseek(fd, 0, SEEK_DATA);
        r.lseek(fd, 0, SEEK_HOLE);
        r.lseek(fd, 8192, SEEK_DATA);
        r.lseek(fd, 2 << 20, SEEK_HOLE);
        r.lseek(fd, 3 << 20, SEEK_DATA);
        r.fstat(fd);
        r.close(fd);
    },
    layers: Some(|l| {
        let stat = l.stat("f")?;
        // What is allocated beyond the data is the file system's own affair.
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
