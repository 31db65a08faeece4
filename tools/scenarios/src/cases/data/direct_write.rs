// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "an O_DIRECT write into a lower file copies it up and is seen by every descriptor",
    setup: |b| {
        b.file("f", vec![b'.'; 20_000]);
        b.file("appended", vec![b'.'; 8192]);
        b.file("deleted", vec![b'.'; 8192]);
    },
    steps: |r| {
        let old = r.open("f", O_RDONLY);
        let old_direct = r.open("f", O_RDONLY | O_DIRECT);
        let fd = r.open("f", O_RDWR | O_DIRECT);
        r.pread(old, 10, 4096);
        r.pwrite_aligned(fd, b'a', 4096, 4096);
        r.pread(old, 10, 4096);
        r.pread_aligned(old_direct, 8192, 0, 4096);
        r.pwrite_aligned(fd, b'b', 8192, 16_384);
        r.fstat(old);
        r.pwrite_aligned(fd, b'c', 4096, 32_768);
        r.all_see(&[old]);
        let append = r.open("appended", O_WRONLY | O_DIRECT | O_APPEND);
        r.pwrite_aligned(append, b'd', 4096, 0);
        r.pwrite_aligned(append, b'e', 4096, 0);
        r.cat("appended");
        let deleted = r.open("deleted", O_RDWR | O_DIRECT);
        r.unlink("deleted");
        r.pwrite_aligned(deleted, b'f', 4096, 0);
        r.pread_aligned(deleted, 8192, 0, 0);
    },
    layers: Some(|l| {
        l.in_upper("f")?;
        l.whiteout("deleted")
    }),
    ..Scenario::DEFAULT
};
