// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

/// Since Linux 6.14.
const RWF_DONTCACHE: i32 = 0x80;

pub const SCENARIO: Scenario = Scenario {
    about: "RWF_DONTCACHE reads and writes without leaving data in memory, where the top can",
    setup: |b| {
        b.file("lower", vec![b'x'; 8192]);
        b.upper().file("upper", vec![b'x'; 8192]);
    },
    steps: |r| {
        for path in ["upper", "lower"] {
            let fd = r.open(path, O_RDWR);
            r.pwritev2(fd, &[Piece::Data(b"data")], 4096, RWF_DONTCACHE);
            r.preadv2(fd, &[Space::Bytes(10)], 4096, RWF_DONTCACHE);
            r.cat(path);
        }
    },
    ..Scenario::DEFAULT
};
