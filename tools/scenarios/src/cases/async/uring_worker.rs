// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "worker threads of io_uring copy files up, several at a time",
    setup: |b| {
        for number in 0..8 {
            b.file(&format!("d/f{number}"), vec![b'x'; 100_000]);
        }
        b.file("one", vec![b'.'; 100_000]);
        b.lower(0).file("hidden/f", "below");
        b.upper().dir("hidden");
    },
    steps: |r| {
        let mut ring = r.ring();
        let files: Vec<_> = (0..8).map(|n| r.open(&format!("d/f{n}"), O_RDWR)).collect();
        let writes = files
            .iter()
            .map(|fd| {
                (
                    "write",
                    Request::write(fd.raw(), b"text", 50_000).in_worker(),
                )
            })
            .collect();
        r.uring(&mut ring, writes);
        for fd in files {
            r.pread(fd, 10, 49_998);
        }
        // All of these wait for one copy-up.
        let one: Vec<_> = (0..8).map(|_| r.open("one", O_RDWR)).collect();
        let writes = one
            .iter()
            .enumerate()
            .map(|(n, fd)| {
                let at = n as i64 * 10_000;
                ("write", Request::write(fd.raw(), b"text", at).in_worker())
            })
            .collect();
        r.uring(&mut ring, writes);
        r.all_see(&one);
        let hidden = r.open("hidden/f", O_RDWR);
        r.uring(
            &mut ring,
            vec![(
                "allocate",
                Request::fallocate(hidden.raw(), 0, 0, 100).in_worker(),
            )],
        );
        r.stat("hidden/f");
    },
    layers: Some(|l| {
        l.in_upper("d/f7")?;
        l.in_upper("hidden/f")
    }),
    ..Scenario::DEFAULT
};
