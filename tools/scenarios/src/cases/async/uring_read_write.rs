// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "io_uring reads lower files, and its first write copies one up",
    setup: |b| {
        b.file("f", "0123456789");
        b.upper().file("upper", "0123456789");
    },
    steps: |r| {
        let mut ring = r.ring();
        let mut buffer = [0u8; 8];
        for path in ["f", "upper"] {
            let old = r.open(path, O_RDONLY);
            let fd = r.open(path, O_RDWR);
            r.uring(
                &mut ring,
                vec![("read", Request::read(old.raw(), &mut buffer, 6))],
            );
            r.bytes("read", &buffer);
            r.uring(
                &mut ring,
                vec![("write", Request::write(fd.raw(), b"ab", 2))],
            );
            // An offset of -1 is the position of the file, which moves.
            r.uring(
                &mut ring,
                vec![("write at the position", Request::write(fd.raw(), b"cd", -1))],
            );
            r.lseek(fd, 0, SEEK_CUR);
            r.uring(
                &mut ring,
                vec![(
                    "read at the position",
                    Request::read(old.raw(), &mut buffer, -1),
                )],
            );
            r.bytes("read", &buffer);
            r.lseek(old, 0, SEEK_CUR);
            r.uring(
                &mut ring,
                vec![
                    ("sync", Request::fsync(fd.raw(), false)),
                    ("data sync", Request::fsync(old.raw(), true)),
                    ("range sync", Request::sync_file_range(old.raw())),
                    (
                        "append",
                        Request::write(fd.raw(), b"end", 0).flags(libc::RWF_APPEND),
                    ),
                    ("nop", Request::nop()),
                ],
            );
            r.all_see(&[old, fd]);
        }
    },
    layers: Some(|l| l.in_upper("f")),
    ..Scenario::DEFAULT
};
