// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

/// Modes that make no sense, each with a good range.
const MODES: &[i32] = &[
    FALLOC_FL_PUNCH_HOLE,
    FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE,
    FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_KEEP_SIZE,
    FALLOC_FL_COLLAPSE_RANGE | libc::FALLOC_FL_INSERT_RANGE,
    libc::FALLOC_FL_INSERT_RANGE | FALLOC_FL_KEEP_SIZE,
    libc::FALLOC_FL_UNSHARE_RANGE | FALLOC_FL_PUNCH_HOLE,
    0x4000_0000,
    -1,
];

pub const SCENARIO: Scenario = Scenario {
    about: "what fallocate refuses for what was asked it refuses before anything is copied up",
    setup: |b| {
        b.file("f", vec![b'x'; 8192]);
        b.dir("d");
        b.fifo("fifo");
        b.char_device("null", 1, 3);
    },
    steps: |r| {
        let fd = r.open("f", O_RDWR);
        for mode in MODES {
            r.fallocate(fd, *mode, 0, 4096);
        }
        for (offset, length) in [
            (0, 0),
            (0, -1),
            (-1, 10),
            (i64::MAX, 1),
            (i64::MAX - 10, 20),
            (1, i64::MAX),
        ] {
            r.fallocate(fd, 0, offset, length);
        }
        for (path, flags) in [
            ("f", O_RDONLY),
            ("f", O_PATH),
            ("d", O_RDONLY),
            ("fifo", O_RDWR),
            ("null", O_RDWR),
        ] {
            let other = r.open(path, flags);
            r.fallocate(other, 0, 0, 10);
            r.close(other);
        }
        r.stat("f");
    },
    layers: Some(|l| if l.is_union() { l.absent("f") } else { Ok(()) }),
    ..Scenario::DEFAULT
};
