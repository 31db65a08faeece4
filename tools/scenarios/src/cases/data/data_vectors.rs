// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "data come and go in pieces, at the position or at an offset",
    setup: |b| {
        b.file("f", "0123456789");
        b.file("kept", "0123456789");
    },
    steps: |r| {
        use Piece::Data;
        use Space::Bytes;
        let old = r.open("f", O_RDONLY);
        let fd = r.open("f", O_RDWR);
        r.preadv2(fd, &[Bytes(2), Bytes(0), Bytes(3), Bytes(100)], 1, 0);
        r.preadv2(fd, &[Bytes(2), Bytes(3)], -1, 0);
        r.pwritev2(fd, &[Data(b"ab"), Data(b""), Data(b"cd")], -1, 0);
        r.preadv2(old, &[Bytes(4), Bytes(100)], -1, 0);
        r.pwritev2(fd, &[Data(b"x"), Data(b"yz")], 20, 0);
        r.lseek(fd, 0, SEEK_CUR);
        r.preadv2(old, &[Bytes(10), Bytes(100)], -1, 0);
        r.preadv2(fd, &[], 0, 0);
        r.pwritev2(fd, &[], 0, 0);
        r.preadv2(fd, &[Bytes(1); 1024], 0, 0);
        r.preadv2(fd, &[Bytes(1); 1025], 0, 0);
        r.pwritev2(fd, &[Data(b"."); 1024], 0, 0);
        r.pwritev2(fd, &[Data(b"!"); 1025], 0, 0);
        r.pwritev2(fd, &[Data(b"a")], -2, 0);
        let kept = r.open("kept", O_RDWR);
        r.pwritev2(kept, &[Data(b""), Data(b"")], 3, 0);
        r.pwritev2(kept, &[], 3, 0);
        r.fstat(kept);
    },
    layers: Some(|l| {
        if l.is_union() {
            l.absent("kept")
        } else {
            Ok(())
        }
    }),
    ..Scenario::DEFAULT
};
