// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

/// Since Linux 6.9.
const RWF_NOAPPEND: i32 = 0x20;

pub const SCENARIO: Scenario = Scenario {
    about: "flags of one write: appending, synchronous, of high priority, or unknown",
    setup: |b| {
        b.file("f", "0123456789");
        b.file("refused", "0123456789");
    },
    steps: |r| {
        use Piece::Data;
        let fd = r.open("f", O_RDWR);
        r.pwritev2(fd, &[Data(b"end")], 0, libc::RWF_APPEND);
        r.lseek(fd, 0, SEEK_CUR);
        r.pwritev2(fd, &[Data(b"END")], -1, libc::RWF_APPEND);
        r.lseek(fd, 0, SEEK_CUR);
        for flags in [libc::RWF_DSYNC, libc::RWF_SYNC, libc::RWF_HIPRI] {
            r.pwritev2(fd, &[Data(b"s")], 2, flags);
        }
        r.preadv2(fd, &[Space::Bytes(100)], 0, libc::RWF_HIPRI);
        r.preadv2(fd, &[Space::Bytes(100)], 0, libc::RWF_APPEND);
        r.preadv2(fd, &[Space::Bytes(100)], 0, libc::RWF_DSYNC);
        let refused = r.open("refused", O_RDWR);
        r.pwritev2(refused, &[Data(b"x")], 0, RWF_NOAPPEND | libc::RWF_APPEND);
        r.pwritev2(refused, &[Data(b"x")], 0, 0x4000_0000);
        r.preadv2(refused, &[Space::Bytes(1)], 0, 0x4000_0000);
        r.preadv2(refused, &[Space::Bytes(1)], 0, RWF_NOAPPEND);
    },
    layers: Some(|l| {
        if l.is_union() {
            l.absent("refused")
        } else {
            Ok(())
        }
    }),
    ..Scenario::DEFAULT
};
