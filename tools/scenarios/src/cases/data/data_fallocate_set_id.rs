// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

/// Mode, offset, length: what some file systems do, what others refuse, and what all of them refuse.
const CALLS: &[(i32, i64, i64)] = &[
    (0, 0, 20_000),
    (FALLOC_FL_ZERO_RANGE, 0, 4096),
    (FALLOC_FL_COLLAPSE_RANGE, 4096, 4096),
    (FALLOC_FL_COLLAPSE_RANGE, 100, 200),
    (libc::FALLOC_FL_INSERT_RANGE, 4096, 4096),
    (libc::FALLOC_FL_INSERT_RANGE, 100_000, 4096),
    (libc::FALLOC_FL_UNSHARE_RANGE, 0, 4096),
    (0, 1 << 60, 4096),
];

pub const SCENARIO: Scenario = Scenario {
    about: "a fallocate that the file system refuses takes set-id bits away if it does so",
    setup: |b| {
        for number in 0..CALLS.len() {
            for mode in [0o6777, 0o6766] {
                let file = b.file(&format!("f{number}-{mode:o}"), vec![b'x'; 12_288]);
                file.mode(mode).owner(1000, 1000);
            }
        }
    },
    steps: |r| {
        for (number, (mode, offset, length)) in CALLS.iter().enumerate() {
            for bits in ["6777", "6766"] {
                let path = format!("f{number}-{bits}");
                for (uid, gid) in [(0, 0), (1001, 1000), (1001, 1001)] {
                    r.as_user(uid, gid, |r| {
                        let fd = r.open(&path, O_RDWR);
                        r.fallocate(fd, *mode, *offset, *length);
                        r.close(fd);
                    });
                    r.stat(&path);
                }
            }
        }
    },
    ..Scenario::DEFAULT
};
