// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "files and memory registered with io_uring before the copy-up show the file after it",
    setup: |b| {
        b.file("f", "0123456789");
        b.file("deleted", "0123456789");
    },
    steps: |r| {
        let mut ring = r.ring();
        let reader = r.open("f", O_RDONLY);
        let writer = r.open("f", O_RDWR);
        let deleted = r.open("deleted", O_RDWR);
        if let Some(ring) = &mut ring {
            let files = [reader.raw(), writer.raw(), deleted.raw(), -1];
            r.done("register files", ring.register_files(&files));
            let buffers = vec![vec![b'w'; 4096], vec![0; 16]];
            r.done("register buffers", ring.register_buffers(buffers));
        }
        // The ring has them; the descriptors can go.
        for fd in [reader, writer, deleted] {
            r.close(fd);
        }
        let read = |r: &mut Run<'_>, ring: &mut Option<Ring>, file| {
            let request = Request::read_fixed(file, 1, 16, 0).on_registered();
            r.uring(ring, vec![("read", request)]);
            if let Some(ring) = ring {
                r.bytes("read", ring.buffer(1));
            }
        };
        read(r, &mut ring, 0);
        r.uring(
            &mut ring,
            vec![("write", Request::write_fixed(1, 0, 3, 2).on_registered())],
        );
        read(r, &mut ring, 0);
        r.unlink("deleted");
        r.uring(
            &mut ring,
            vec![("write", Request::write(2, b"gone", 8).on_registered())],
        );
        read(r, &mut ring, 2);
        r.uring(
            &mut ring,
            vec![("open", Request::open("f", O_RDWR).into_registered(3))],
        );
        read(r, &mut ring, 3);
        r.uring(
            &mut ring,
            vec![
                (
                    "write to a reader",
                    Request::write(0, b"x", 0).on_registered(),
                ),
                (
                    "buffer that is none",
                    Request::read_fixed(0, 9, 4, 0).on_registered(),
                ),
                (
                    "too much for the buffer",
                    Request::read_fixed(0, 1, 64, 0).on_registered(),
                ),
                (
                    "file that is none",
                    Request::write(9, b"x", 0).on_registered(),
                ),
            ],
        );
        r.cat("f");
    },
    layers: Some(|l| {
        l.in_upper("f")?;
        l.whiteout("deleted")
    }),
    ..Scenario::DEFAULT
};
