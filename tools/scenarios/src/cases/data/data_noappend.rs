// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

/// Since Linux 6.9.
const RWF_NOAPPEND: i32 = 0x20;

pub const SCENARIO: Scenario = Scenario {
    about: "RWF_NOAPPEND writes at the offset it names though the file was opened with O_APPEND",
    setup: |b| {
        b.file("lower", "0123456789");
        b.upper().file("upper", "0123456789");
    },
    steps: |r| {
        for path in ["lower", "upper"] {
            let fd = r.open(path, O_RDWR | O_APPEND);
            r.pwritev2(fd, &[Piece::Data(b"AB")], 3, RWF_NOAPPEND);
            r.pwritev2(fd, &[Piece::Data(b"end")], 3, 0);
            r.pwritev2(fd, &[Piece::Data(b"CD")], 0, RWF_NOAPPEND | libc::RWF_DSYNC);
            r.cat(path);
        }
    },
    ..Scenario::DEFAULT
};
