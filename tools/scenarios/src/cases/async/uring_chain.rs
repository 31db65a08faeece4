// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "linked requests are done one after the other, until one fails",
    setup: |b| {
        b.file("f", "0123456789");
        b.file("old", "text");
    },
    steps: |r| {
        let mut ring = r.ring();
        let fd = r.open("f", O_RDWR);
        let mut buffer = [0u8; 12];
        r.uring(
            &mut ring,
            vec![
                ("write", Request::write(fd.raw(), b"abcdef", 3).linked()),
                ("truncate", Request::ftruncate(fd.raw(), 7).linked()),
                ("sync", Request::fsync(fd.raw(), false).linked()),
                (
                    "read",
                    Request::read(fd.raw(), &mut buffer[..7], 0).linked(),
                ),
                ("rename", Request::rename("f", "g", 0).linked()),
                ("link", Request::link("g", "h").linked()),
                ("unlink", Request::unlink("g", 0)),
            ],
        );
        r.bytes("read", &buffer);
        r.uring(
            &mut ring,
            vec![
                ("rename", Request::rename("old", "new", 0).linked()),
                (
                    "open of what is not there",
                    Request::open("old", O_RDONLY).linked(),
                ),
                ("unlink behind it", Request::unlink("new", 0).linked()),
                ("write behind it", Request::write(fd.raw(), b"x", 0)),
            ],
        );
        r.ls(".");
        r.cat("h");
    },
    layers: Some(|l| {
        l.whiteout("f")?;
        l.whiteout("old")?;
        l.in_upper("new")
    }),
    ..Scenario::DEFAULT
};
