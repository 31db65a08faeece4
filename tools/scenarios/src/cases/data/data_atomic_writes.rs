// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

/// Since Linux 6.11.
const RWF_ATOMIC: i32 = 0x40;

pub const SCENARIO: Scenario = Scenario {
    about: "RWF_ATOMIC is taken or refused as the top's file system does",
    setup: |b| {
        b.file("lower", vec![b'x'; 8192]);
        b.upper().file("upper", vec![b'x'; 8192]);
    },
    steps: |r| {
        let data = Aligned::filled(4096, b'y');
        for path in ["upper", "lower"] {
            for flags in [O_RDWR, O_RDWR | O_DIRECT] {
                let fd = r.open(path, flags);
                r.pwritev2(fd, &[Piece::Data(&data)], 0, RWF_ATOMIC);
                r.pwritev2(fd, &[Piece::Data(&data[..100])], 0, RWF_ATOMIC);
                r.preadv2(fd, &[Space::Bytes(10)], 0, RWF_ATOMIC);
                r.close(fd);
            }
        }
    },
    ..Scenario::DEFAULT
};
