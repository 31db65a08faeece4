// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "RWF_NOWAIT reads what is in memory and writes what need not wait",
    setup: |b| {
        b.file("lower", "0123456789");
        b.upper().file("upper", "0123456789");
    },
    steps: |r| {
        for path in ["upper", "lower"] {
            r.cat(path);
            let fd = r.open(path, O_RDWR);
            r.preadv2(fd, &[Space::Bytes(5)], 0, libc::RWF_NOWAIT);
            r.preadv2(fd, &[Space::Bytes(5)], 10, libc::RWF_NOWAIT);
            r.pwrite(fd, "ab", 0);
            r.pwritev2(fd, &[Piece::Data(b"cd")], 2, libc::RWF_NOWAIT);
            r.cat(path);
        }
    },
    ..Scenario::DEFAULT
};
