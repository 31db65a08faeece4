// SPDX-License-Identifier: GPL-2.0-only
//! truncate(2) and ftruncate(2).

use crate::prelude::*;

/// Truncated bytes do not come back when the file grows again.
pub fn data_no_stale_bytes(b: &mut Builder) -> Steps {
    b.file("f", vec![b'x'; 20_000]);
    b.file("appended", vec![b'x'; 20_000]);
    steps(|r| {
        let old = r.open("f", O_RDONLY);
        let fd = r.open("f", O_RDWR);
        // Around the borders of pages; the first size is that of the copy.
        for size in [
            12_289, 16_000, 8192, 16_384, 8191, 8193, 1, 4096, 4095, 20_000, 0, 5000,
        ] {
            r.ftruncate(fd, size);
            r.all_see(&[old, fd]);
        }
        r.truncate("appended", 5_001);
        let append = r.open("appended", O_WRONLY | O_APPEND);
        r.ftruncate(append, 9_000);
        r.write(append, "end");
        r.ftruncate(append, 4_097);
        r.write(append, "new end");
        r.cat("appended");
    })
}

/// truncate by way of /proc truncates the file that is open there, with or without a name.
pub fn data_truncate_by_proc(b: &mut Builder) -> Steps {
    b.file("lower", "0123456789");
    b.file("deleted", "0123456789");
    b.file("replaced", "0123456789");
    b.file("path only", "0123456789");
    steps(|r| {
        for (path, flags) in [
            ("lower", O_RDONLY),
            ("deleted", O_RDONLY),
            ("replaced", O_RDWR),
            ("path only", O_PATH),
        ] {
            let fd = r.open(path, flags);
            let other = r.open(path, O_RDONLY);
            if path == "deleted" || path == "replaced" {
                r.unlink(path);
            }
            if path == "replaced" {
                r.put(path, O_WRONLY | O_CREAT, "another file");
            }
            for size in [4, 6] {
                let result = sys::truncate(format!("/proc/self/fd/{}", fd.raw()), size);
                r.done(format_args!("truncate of {fd} to {size}"), result);
                r.all_see(&[other]);
            }
            r.fstat(fd);
            r.stat(path);
        }
    })
    .in_upper("lower")
    .whiteout("deleted")
    .not_on(&["chroot"], shape::NO_PROC)
}

/// A deleted file that is still open can be truncated, extended and allocated to.
pub fn data_truncate_deleted(b: &mut Builder) -> Steps {
    b.file("lower", "0123456789");
    b.file("copied", "0123456789");
    b.upper().file("upper", "0123456789");
    steps(|r| {
        for path in ["lower", "copied", "upper"] {
            let reader = r.open(path, O_RDONLY);
            let writer = r.open(path, O_RDWR);
            if path == "copied" {
                r.pwrite(writer, "C", 0);
            }
            r.unlink(path);
            r.ftruncate(writer, 5);
            r.all_see(&[reader, writer]);
            r.ftruncate(writer, 8);
            r.fallocate(writer, 0, 0, 12);
            r.all_see(&[reader, writer]);
            r.fallocate(writer, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 1, 3);
            r.all_see(&[reader, writer]);
            r.fstat(reader);
        }
    })
    .whiteout("lower")
    .whiteout("copied")
    .absent("upper")
}

/// Truncating a file to the size it has changes its time and nothing else.
pub fn data_truncate_same_size(b: &mut Builder) -> Steps {
    b.file("lower", "0123456789");
    b.file("empty", "");
    b.file("copied", "0123456789");
    b.upper().file("upper", "0123456789");
    steps(|r| {
        r.chmod("copied", 0o600);
        for path in ["lower", "copied", "upper"] {
            r.truncate(path, 10);
            r.stat(path);
            r.utimens(path, OLD);
            let fd = r.open(path, O_WRONLY);
            r.ftruncate(fd, 10);
            r.fstat(fd);
            r.close(fd);
        }
        r.truncate("empty", 0);
        r.stat("empty");
    })
    .in_upper("lower")
    .in_upper("empty")
}

/// The largest size a file can be given is that of the upper layer's file system.
pub fn data_truncate_too_far(b: &mut Builder) -> Steps {
    b.file("lower", "text");
    b.upper().file("upper", "text");
    steps(|r| {
        for path in ["lower", "upper"] {
            let fd = r.open(path, O_RDWR);
            // 16 TiB, a bit more and less, and the largest off_t.
            for size in [
                (16i64 << 40) - 4096,
                (16i64 << 40) - 4095,
                16i64 << 40,
                1i64 << 62,
                i64::MAX - 4096,
                i64::MAX,
            ] {
                r.ftruncate(fd, size);
                r.truncate(path, size);
                r.fstat(fd);
            }
            r.ftruncate(fd, 4);
            r.cat(path);
        }
    })
}

/// An object that is not a regular file, or is not open for writing, is neither truncated nor copied up.
pub fn data_truncate_wrong_kind(b: &mut Builder) -> Steps {
    b.file("f", "text");
    b.dir("d");
    b.fifo("fifo");
    b.char_device("null", 1, 3);
    b.symlink("to-dir", "d");
    b.symlink("nowhere", "none");
    b.lower(0).file("hidden", "text");
    b.upper().whiteout("hidden");
    steps(|r| {
        for path in [
            "d", "d/", "fifo", "null", "f/", "f/x", "to-dir", "nowhere", "hidden", "",
        ] {
            r.truncate(path, 1);
        }
        for (path, flags) in [
            ("f", O_RDONLY),
            ("f", O_PATH),
            ("d", O_RDONLY),
            ("null", O_RDWR),
        ] {
            let fd = r.open(path, flags);
            r.ftruncate(fd, 1);
            r.close(fd);
        }
        let fd = r.open("f", O_RDWR);
        r.ftruncate(fd, -1);
        let (reader, writer) = r.pipe();
        r.ftruncate(reader, 0);
        r.ftruncate(writer, 0);
    })
    .layers(|l| {
        if l.is_union() {
            l.upper_is(&["hidden"])
        } else {
            Ok(())
        }
    })
}

/// ftruncate needs a writable descriptor.
pub fn ftruncate_fd(b: &mut Builder) -> Steps {
    b.file("f", "0123456789");
    steps(|r| {
        let read_only = r.open("f", O_RDONLY);
        r.ftruncate(read_only, 2);
        r.close(read_only);
        let fd = r.open("f", O_RDWR);
        r.ftruncate(fd, 2);
        r.fstat(fd);
        r.close(fd);
        r.cat("f");
    })
}

/// Directories cannot be truncated or written.
pub fn truncate_directory(b: &mut Builder) -> Steps {
    b.dir("d");
    steps(|r| {
        r.truncate("d", 0);
        r.open("d", O_WRONLY);
        r.open("d", O_RDWR);
        r.open("d", O_RDONLY | O_CREAT);
        let fd = r.open("d", O_RDONLY | O_DIRECTORY);
        r.read(fd, 1);
        r.close(fd);
    })
    .upper_is(&[])
}

/// Truncating beyond the end fills with zeros.
pub fn truncate_extend(b: &mut Builder) -> Steps {
    b.file("f", "0123456789");
    steps(|r| {
        r.truncate("f", 5_000);
        r.stat("f");
        r.cat("f");
        r.truncate("f", -1);
    })
}

/// Truncating a lower file keeps its beginning.
pub fn truncate_shrink(b: &mut Builder) -> Steps {
    b.file("f", "0123456789");
    b.file("big", vec![b'x'; 100_000]);
    steps(|r| {
        r.truncate("f", 4);
        r.cat("f");
        r.stat("f");
        r.truncate("big", 5_000);
        r.stat("big");
        r.cat("big");
    })
    .in_upper("f")
}

/// Truncating to nothing.
pub fn truncate_zero(b: &mut Builder) -> Steps {
    b.file("f", "0123456789").mode(0o604);
    steps(|r| {
        r.truncate("f", 0);
        r.stat("f");
        r.truncate("none", 0);
    })
    .in_upper("f")
}
