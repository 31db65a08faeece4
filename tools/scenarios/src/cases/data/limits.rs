// SPDX-License-Identifier: GPL-2.0-only
//! The limit on the size of files.

use crate::prelude::*;

/// The limit on the size of files applies to copy_file_range, sendfile and FICLONERANGE.
pub fn data_limit_copy_range(b: &mut Builder) -> Steps {
    b.file("from", vec![b'y'; 20_480]);
    b.file("a", vec![b'x'; 5_000]);
    b.file("b", vec![b'x'; 5_000]);
    b.file("c", vec![b'x'; 4_096]);
    steps(|r| {
        r.done("limit", sys::limit_file_size(8192));
        let from = r.open("from", O_RDONLY);
        let a = r.open("a", O_RDWR);
        r.copy_file_range(from, 0, a, 8_000, 1_000);
        r.fstat(a);
        r.copy_file_range(from, 0, a, 8_192, 1_000);
        let b = r.open("b", O_RDWR);
        r.lseek(b, 8_000, SEEK_SET);
        r.sendfile(b, from, 1_000);
        r.fstat(b);
        r.sendfile(b, from, 1_000);
        let c = r.open("c", O_RDWR);
        r.clone_range(from, 0, 4096, c, 4096);
        r.clone_range(from, 0, 4096, c, 8192);
        r.fstat(c);
    })
    .not_on(shape::APART, shape::SHARES_NO_BLOCKS)
}

/// The limit on the size of files shortens a write, and kills a process that continues at the
/// limit.
pub fn data_limit_signal(b: &mut Builder) -> Steps {
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
    steps(|r| {
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
            // Inside a file that is larger already, writes succeed up to the limit.
            r.put("larger", O_WRONLY, "X");
            r.truncate("larger", 15_000);
        });
        for name in ["cut", "larger"] {
            r.stat(name);
        }
    })
}

/// A limit on the size of files prevents writes beyond it, not the copy-up.
pub fn file_size_limit(b: &mut Builder) -> Steps {
    b.file("big", vec![b'x'; 200_000]);
    b.file("small", "text");
    b.sparse("ends-in-a-hole", 300_000, &[(0, &[b'x'; 4096])]);
    steps(|r| {
        r.done("limit", sys::limit_file_size(10_000));
        r.chmod("big", 0o600);
        r.stat("big");
        r.chmod("ends-in-a-hole", 0o600);
        r.stat("ends-in-a-hole");
        r.put("small", O_WRONLY, "T");
        r.put("new", O_WRONLY | O_CREAT, vec![b'y'; 20_000]);
        r.truncate("small", 20_000);
        r.put("big", O_WRONLY, "T");
        r.stat("big");
    })
}
