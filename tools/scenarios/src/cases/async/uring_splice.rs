// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "io_uring splices out of lower files and into them",
    setup: |b| {
        b.file("from", "0123456789");
        b.file("to", "..........");
    },
    steps: |r| {
        let mut ring = r.ring();
        let from = r.open("from", O_RDONLY);
        let to = r.open("to", O_RDWR);
        let (reader, writer) = r.pipe();
        for (at, to_at) in [(2, 5), (-1, -1), (8, 20), (10, 0)] {
            let request = Request::splice(from.raw(), at, writer.raw(), -1, 4);
            r.uring(&mut ring, vec![("out of the file", request)]);
            r.lseek(from, 0, SEEK_CUR);
            if at == 10 {
                // There was nothing; the other side would wait for it.
                continue;
            }
            let request = Request::splice(reader.raw(), -1, to.raw(), to_at, 4);
            r.uring(&mut ring, vec![("into the file", request)]);
            r.lseek(to, 0, SEEK_CUR);
            r.pread(to, 100, 0);
        }
        let request = Request::splice(from.raw(), 0, to.raw(), 0, 4);
        r.uring(&mut ring, vec![("without a pipe", request)]);
    },
    layers: Some(|l| {
        l.absent("from")?;
        l.in_upper("to")
    }),
    ..Scenario::DEFAULT
};
