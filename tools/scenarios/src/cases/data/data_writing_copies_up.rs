// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

const CALLS: &[&str] = &[
    "write",
    "pwrite",
    "vector",
    "ftruncate",
    "truncate",
    "allocate",
    "punch",
    "splice",
    "sendfile",
    "range",
    "mapping",
    "aio",
    "uring",
    "open",
    "append",
];

pub const SCENARIO: Scenario = Scenario {
    about: "each call that changes data copies the file up, and says so in its time",
    setup: |b| {
        for call in CALLS {
            b.file(call, "0123456789");
        }
        b.file("source", "source");
    },
    steps: |r| {
        let source = r.open("source", O_RDONLY);
        for call in CALLS {
            let fd = r.open(call, O_RDWR);
            match *call {
                "write" => r.write(fd, "W"),
                "pwrite" => r.pwrite(fd, "W", 3),
                "vector" => r.pwritev2(fd, &[Piece::Data(b"W")], 3, 0),
                "ftruncate" => drop(r.ftruncate(fd, 5)),
                "truncate" => drop(r.truncate(call, 5)),
                "allocate" => drop(r.fallocate(fd, 0, 0, 20)),
                "punch" => {
                    r.fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 2, 3);
                }
                "splice" => {
                    let (reader, writer) = r.pipe();
                    r.write(writer, "pipe");
                    r.splice_at(reader, None, fd, None, 4);
                }
                "sendfile" => r.sendfile_at(fd, source, 0, 3),
                "range" => r.copy_file_range(source, 0, fd, 2, 3),
                "mapping" => {
                    let map = r.mmap(fd, 10, PROT_READ | PROT_WRITE, MAP_SHARED);
                    if let Some(mut map) = map {
                        map.store(1, b"M");
                        r.done("msync", map.sync());
                    }
                }
                "aio" => {
                    let aio = r.aio();
                    r.submit(&aio, "write", vec![Control::write(fd.raw(), b"A", 1)]);
                }
                "uring" => {
                    let mut ring = r.ring();
                    let request = Request::write(fd.raw(), b"U", 1);
                    r.uring(&mut ring, vec![("write", request)]);
                }
                "open" => drop(r.open(call, O_RDONLY | O_TRUNC)),
                _ => drop(r.put(call, O_WRONLY | O_APPEND, "end")),
            }
            r.pread(fd, 30, 0);
            r.stat(call);
        }
    },
    layers: Some(|l| {
        l.absent("source")?;
        CALLS.iter().try_for_each(|call| l.in_upper(call))
    }),
    ..Scenario::DEFAULT
};
