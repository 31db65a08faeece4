// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "the limit on the size of files cuts a write short, and kills who goes on at the limit",
    setup: |b| {
        for name in [
            "written",
            "cut",
            "allocated",
            "spliced",
            "appended",
            "vector",
        ] {
            b.file(name, vec![b'x'; 9_990]);
        }
        b.file("larger", vec![b'x'; 20_000]);
    },
    steps: |r| {
        fn limited(r: &mut Run<'_>, steps: impl FnOnce(&mut Run<'_>)) {
            r.in_child(|r| {
                r.done("limit", sys::limit_file_size_deadly(10_000));
                steps(r);
            });
        }
        limited(r, |r| {
            let fd = r.open("written", O_RDWR);
            r.pwrite(fd, "0123456789abcdef", 9_990);
            r.fstat(fd);
            r.pwrite(fd, "more", 10_000);
        });
        limited(r, |r| {
            r.truncate("cut", 10_000);
            r.truncate("cut", 10_001);
        });
        limited(r, |r| {
            let fd = r.open("allocated", O_RDWR);
            r.fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 20_000);
            r.fallocate(fd, 0, 0, 10_000);
            r.fallocate(fd, 0, 0, 10_001);
        });
        limited(r, |r| {
            let (reader, writer) = r.pipe();
            let fd = r.open("spliced", O_WRONLY);
            r.write(writer, vec![b'y'; 100]);
            r.splice_at(reader, None, fd, Some(9_950), 100);
            r.fstat(fd);
            r.splice_at(reader, None, fd, Some(10_000), 100);
        });
        limited(r, |r| {
            r.put("appended", O_WRONLY | O_APPEND, "0123456789abcdef");
            r.put("appended", O_WRONLY | O_APPEND, "0");
        });
        limited(r, |r| {
            let fd = r.open("vector", O_RDWR);
            let pieces = [Piece::Data(b"01234567"), Piece::Data(b"89abcdef")];
            r.pwritev2(fd, &pieces, 9_990, 0);
            r.preadv2(fd, &[Space::Bytes(100)], 9_985, 0);
            // Inside a file that is larger already, nothing is in the way, up to the limit.
            r.put("larger", O_WRONLY, "X");
            r.truncate("larger", 15_000);
        });
        for name in ["cut", "larger"] {
            r.stat(name);
        }
    },
    ..Scenario::DEFAULT
};
