// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "io_uring allocates, cuts, advises and punches as the calls of these names do",
    setup: |b| {
        b.file("lower", vec![b'x'; 20_000]);
        b.file("advised", vec![b'x'; 20_000]);
        b.upper().file("upper", vec![b'x'; 20_000]);
    },
    steps: |r| {
        let mut ring = r.ring();
        let punch = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
        for path in ["lower", "upper"] {
            let old = r.open(path, O_RDONLY);
            let fd = r.open(path, O_RDWR);
            let requests: Vec<(&str, Request<'_>)> = vec![
                ("punch", Request::fallocate(fd.raw(), punch, 4096, 8192)),
                ("allocate", Request::fallocate(fd.raw(), 0, 0, 30_000)),
                (
                    "allocate too much",
                    Request::fallocate(fd.raw(), 0, i64::MAX, 1),
                ),
                ("by a reader", Request::fallocate(old.raw(), 0, 0, 1)),
                ("cut by a reader", Request::ftruncate(old.raw(), 1)),
                ("cut", Request::ftruncate(fd.raw(), 10_000)),
                ("cut to less than nothing", Request::ftruncate(fd.raw(), -1)),
            ];
            for request in requests {
                r.uring(&mut ring, vec![request]);
                r.all_see(&[old, fd]);
            }
        }
        let advised = r.open("advised", O_RDONLY);
        for advice in 0..7 {
            let request = Request::fadvise(advised.raw(), advice);
            r.uring(&mut ring, vec![("advice", request)]);
        }
    },
    layers: Some(|l| l.absent("advised")),
    ..Scenario::DEFAULT
};
