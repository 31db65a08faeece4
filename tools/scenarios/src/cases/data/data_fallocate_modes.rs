// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

const PUNCH: i32 = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
const ZERO: i32 = FALLOC_FL_ZERO_RANGE;
const KEEP: i32 = FALLOC_FL_KEEP_SIZE;
const INSERT: i32 = libc::FALLOC_FL_INSERT_RANGE;
const UNSHARE: i32 = libc::FALLOC_FL_UNSHARE_RANGE;

/// Mode, offset, length: within the file of 12 KiB, over its end, and beyond it.
const CALLS: &[(i32, i64, i64)] = &[
    (0, 100, 200),
    (0, 12_000, 5_000),
    (0, 20_000, 10),
    (KEEP, 12_000, 5_000),
    (PUNCH, 4096, 4096),
    (PUNCH, 100, 200),
    (PUNCH, 12_000, 5_000),
    (PUNCH, 20_000, 10),
    (ZERO, 100, 200),
    (ZERO, 12_000, 5_000),
    (ZERO | KEEP, 12_000, 5_000),
    (FALLOC_FL_COLLAPSE_RANGE, 4096, 4096),
    (FALLOC_FL_COLLAPSE_RANGE, 100, 200),
    (FALLOC_FL_COLLAPSE_RANGE, 8192, 4096),
    (INSERT, 4096, 4096),
    (INSERT, 100, 200),
    (INSERT, 12_288, 4096),
    (UNSHARE, 0, 4096),
    (UNSHARE, 12_000, 5_000),
];

pub const SCENARIO: Scenario = Scenario {
    about: "each mode of fallocate does to a lower file what it does to any",
    setup: |b| {
        for number in 0..CALLS.len() {
            let data: Vec<u8> = (0..12_288).map(|n| b'a' + (n / 512) as u8).collect();
            b.file(&format!("f{number}"), data);
        }
    },
    steps: |r| {
        for (number, (mode, offset, length)) in CALLS.iter().enumerate() {
            let path = format!("f{number}");
            let before = r.open(&path, O_RDONLY);
            let fd = r.open(&path, O_RDWR);
            r.fallocate(fd, *mode, *offset, *length);
            r.all_see(&[before, fd]);
            r.stat(&path);
            // Once more, now that it is in the upper layer.
            r.fallocate(fd, *mode, *offset, *length);
            r.all_see(&[before, fd]);
            r.close(before);
            r.close(fd);
        }
    },
    ..Scenario::DEFAULT
};
