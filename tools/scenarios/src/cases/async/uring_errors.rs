// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "requests of io_uring that cannot be done say why, and copy nothing up",
    setup: |b| {
        b.file("f", "0123456789");
        b.dir("d");
    },
    steps: |r| {
        let mut ring = r.ring();
        let mut buffer = [0u8; 4];
        let reader = r.open("f", O_RDONLY);
        let writer = r.open("f", O_WRONLY);
        let path = r.open("f", O_PATH);
        let dir = r.open("d", O_RDONLY);
        for (fd, what) in [
            (reader.raw(), "reader"),
            (path.raw(), "path"),
            (dir.raw(), "directory"),
            (-1, "nothing"),
        ] {
            r.note(what);
            r.uring(&mut ring, vec![("write", Request::write(fd, b"x", 0))]);
            r.uring(&mut ring, vec![("sync", Request::fsync(fd, false))]);
            r.uring(
                &mut ring,
                vec![("allocate", Request::fallocate(fd, 0, 0, 9))],
            );
        }
        for (fd, what) in [(writer.raw(), "writer"), (dir.raw(), "directory")] {
            r.note(what);
            let request = Request::read(fd, &mut buffer, 0);
            r.uring(&mut ring, vec![("read", request)]);
        }
        r.uring(
            &mut ring,
            vec![
                ("nothing", Request::write(writer.raw(), b"", 0)),
                ("offset", Request::write(writer.raw(), b"x", i64::MIN)),
                ("number", Request::other(250, writer.raw())),
                (
                    "flag",
                    Request::write(writer.raw(), b"x", 0).flags(0x4000_0000),
                ),
            ],
        );
        r.stat("f");
    },
    layers: Some(|l| {
        if l.is_union() {
            l.upper_is(&[])
        } else {
            Ok(())
        }
    }),
    ..Scenario::DEFAULT
};
