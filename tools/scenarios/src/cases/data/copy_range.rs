// SPDX-License-Identifier: GPL-2.0-only
//! copy_file_range(2).

use crate::prelude::*;

/// Ranges are copied between lower and new files.
pub fn copy_file_range(b: &mut Builder) -> Steps {
    b.file("from", "0123456789");
    b.file("to", "..........");
    steps(|r| {
        let from = r.open("from", O_RDONLY);
        let new = r.open("new", O_RDWR | O_CREAT);
        r.copy_file_range(from, 2, new, 0, 5);
        r.cat("new");
        let to = r.open("to", O_RDWR);
        r.copy_file_range(from, 0, to, 4, 100);
        r.pread(to, 30, 0);
        r.copy_file_range(to, 0, from, 0, 1);
        let both = r.open("from", O_RDWR);
        r.copy_file_range(both, 0, both, 5, 3);
        r.pread(both, 20, 0);
        r.copy_file_range(both, 0, both, 1, 5);
        r.pread(from, 20, 0);
    })
    .in_upper("to")
}

/// Ranges are copied out of and into files that are deleted and still open.
pub fn data_copy_range_deleted(b: &mut Builder) -> Steps {
    b.file("a", "aaaaaaaaaa");
    b.file("b", "bbbbbbbbbb");
    b.file("c", "cccccccccc");
    steps(|r| {
        let a = r.open("a", O_RDWR);
        let b = r.open("b", O_RDWR);
        let c = r.open("c", O_RDWR);
        let old = r.open("a", O_RDONLY);
        r.unlink("a");
        r.copy_file_range(b, 0, a, 2, 3);
        r.all_see(&[a, old]);
        r.copy_file_range(old, 0, c, 0, 6);
        r.cat("c");
        r.unlink("b");
        r.copy_file_range(b, 0, a, 8, 5);
        r.copy_file_range(a, 0, b, 5, 5);
        r.all_see(&[a, old, b]);
        r.unlink("c");
        r.copy_file_range(c, 0, c, 10, 10);
        r.all_see(&[c]);
    })
    .upper_is(&["a", "b", "c"])
}

/// copy_file_range ends where its source ends, and refuses invalid offsets.
pub fn data_copy_range_ends(b: &mut Builder) -> Steps {
    b.upper().file("from", "0123456789");
    b.upper().file("to", "..........");
    steps(|r| {
        let from = r.open("from", O_RDONLY);
        let to = r.open("to", O_RDWR);
        for (at, to_at, length) in [
            (8, 0, 100),
            (10, 0, 100),
            (1 << 40, 0, 100),
            (0, 20, 0),
            (-1, 0, 1),
            (0, -1, 1),
            (0, i64::MAX, 1),
            (0, i64::MAX - 3, 10),
            (i64::MAX - 3, 0, 10),
            (0, 0, usize::MAX),
            (0, 12, 3),
        ] {
            r.copy_range(from, Some(at), to, Some(to_at), length);
        }
        r.fstat(to);
        r.pread(to, 40, 0);
        r.ftruncate(to, 10);
    })
}

/// Between the tree and a file outside of it copy_file_range returns EXDEV, and sendfile copies.
pub fn data_copy_range_outside(b: &mut Builder) -> Steps {
    b.file("lower", "0123456789");
    b.upper().file("upper", "0123456789");
    steps(|r| {
        let outside = r.memfd();
        r.write(outside, "outside");
        for path in ["lower", "upper"] {
            let fd = r.open(path, O_RDWR);
            r.copy_range(fd, Some(0), outside, Some(7), 5);
            r.copy_range(outside, Some(0), fd, Some(0), 5);
            r.clone_range(outside, 0, 0, fd, 0);
            r.clone_range(fd, 0, 0, outside, 0);
            r.cat(path);
            r.sendfile(outside, fd, 5);
            r.sendfile_at(fd, outside, 0, 3);
            r.pread(outside, 40, 0);
            r.pread(fd, 40, 0);
        }
    })
}

/// copy_file_range within one file copies what does not overlap.
pub fn data_copy_range_overlap(b: &mut Builder) -> Steps {
    b.file("lower", "0123456789abcdef");
    b.file("copied", "0123456789abcdef");
    b.upper().file("upper", "0123456789abcdef");
    steps(|r| {
        r.chmod("copied", 0o600);
        for path in ["lower", "copied", "upper"] {
            // The reader was opened before the copy-up, and reads the same file after it.
            let reader = r.open(path, O_RDONLY);
            let writer = r.open(path, O_RDWR);
            for (at, to_at, length) in [
                (0, 0, 4),
                (0, 3, 4),
                (3, 0, 4),
                (0, 4, 4),
                (12, 4, 100),
                (4, 16, 12),
                (20, 20, 1),
            ] {
                r.copy_range(reader, Some(at), writer, Some(to_at), length);
                r.all_see(&[reader, writer]);
            }
            r.close(reader);
            r.close(writer);
        }
    })
}

/// copy_file_range moves the positions it uses, and only those.
pub fn data_copy_range_positions(b: &mut Builder) -> Steps {
    b.upper().file("from", "0123456789abcdef");
    b.upper().file("to", "................");
    steps(|r| {
        let from = r.open("from", O_RDONLY);
        let to = r.open("to", O_RDWR);
        for (at, to_at) in [(None, None), (None, Some(8)), (Some(0), None)] {
            r.copy_range(from, at, to, to_at, 4);
            r.lseek(from, 0, SEEK_CUR);
            r.lseek(to, 0, SEEK_CUR);
        }
        r.cat("to");
        r.copy_range(from, None, to, None, 100);
        r.copy_range(from, None, to, None, 100);
        r.lseek(from, 0, SEEK_CUR);
        r.lseek(to, 0, SEEK_CUR);
        r.cat("to");
    })
}

/// copy_file_range refuses descriptors of the wrong kind, and copies nothing up.
pub fn data_copy_range_refused(b: &mut Builder) -> Steps {
    b.file("from", "0123456789");
    b.file("to", "..........");
    b.dir("d");
    b.fifo("fifo");
    b.char_device("zero", 1, 5);
    steps(|r| {
        let from = r.open("from", O_RDONLY);
        let to = r.open("to", O_RDWR);
        for (path, flags) in [
            ("to", O_RDONLY),
            ("to", O_WRONLY | O_APPEND),
            ("to", O_PATH),
            ("d", O_RDONLY),
            ("fifo", O_RDWR),
            ("zero", O_RDWR),
        ] {
            let other = r.open(path, flags);
            r.copy_range(from, Some(0), other, Some(0), 5);
            r.copy_range(other, Some(0), from, Some(0), 5);
            r.close(other);
        }
        let write_only = r.open("from", O_WRONLY);
        r.copy_range(write_only, Some(0), to, Some(0), 5);
        let flags = sys::copy_range(from.raw(), Some(0), to.raw(), Some(0), 5, 1);
        r.call("copy_file_range with a flag", flags);
    })
    .layers(|l| {
        if l.is_union() {
            l.upper_is(&[])
        } else {
            Ok(())
        }
    })
}
