// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "memory that is not there ends a transfer early, or with EFAULT if nothing could be moved",
    setup: |b| {
        b.file("lower", vec![b'x'; 10_000]);
        b.upper().file("upper", vec![b'x'; 10_000]);
        b.anywhere().file("only read", vec![b'x'; 10_000]);
    },
    steps: |r| {
        use Piece::{Data, Nowhere};
        for path in ["lower", "upper"] {
            let fd = r.open(path, O_RDWR);
            r.pwritev2(fd, &[Nowhere(10)], 0, 0);
            r.pwritev2(fd, &[Nowhere(10)], 10_000, 0);
            r.fstat(fd);
            r.pwritev2(fd, &[Data(b"first"), Nowhere(10), Data(b"last")], 0, 0);
            r.pread(fd, 20, 0);
            let result = sys::write_over_edge(fd.raw(), &[b'y'; 5000], 5000, 9_000);
            r.call("write over the edge", result);
            r.fstat(fd);
            r.pread(fd, 20_000, 0);
        }
        let fd = r.open("only read", O_RDONLY);
        r.preadv2(fd, &[Space::Nowhere(10)], 0, 0);
        r.preadv2(fd, &[Space::Nowhere(10)], 10_000, 0);
        r.preadv2(fd, &[Space::Bytes(3), Space::Nowhere(10)], 0, 0);
        for inside in [0, 100, 5000] {
            let result = sys::read_over_edge(fd.raw(), inside, 5000, 0);
            r.call(
                format_args!("read {inside} and over the edge"),
                result.map(|data| data.len()),
            );
        }
        r.lseek(fd, 0, SEEK_CUR);
    },
    layers: Some(|l| l.absent("only read")),
    ..Scenario::DEFAULT
};
