// SPDX-License-Identifier: GPL-2.0-only
//! O_DIRECT.

use crate::prelude::*;

/// Direct and buffered access and mappings of one file agree before and after copy-up.
pub fn direct_mixed(b: &mut Builder) -> Steps {
    b.file("f", vec![b'.'; 16_384]);
    steps(|r| {
        let buffered = r.open("f", O_RDWR);
        let direct = r.open("f", O_RDWR | O_DIRECT);
        r.pread(buffered, 5, 0);
        r.pread_aligned(direct, 4096, 0, 0);
        r.pwrite(buffered, "first", 0);
        r.pread_aligned(direct, 4096, 0, 0);
        r.pwrite_aligned(direct, b'd', 4096, 4096);
        r.pread(buffered, 10, 4090);
        let mut map = r.mmap(buffered, 16_384, PROT_READ | PROT_WRITE, MAP_SHARED);
        r.mapped("mapping", &map);
        if let Some(map) = &mut map {
            map.store(8192, b"mapped");
        }
        r.pread_aligned(direct, 4096, 0, 8192);
        r.pwrite_aligned(direct, b'e', 4096, 8192);
        r.pread(buffered, 10, 8190);
        r.mapped("mapping", &map);
        r.ftruncate(buffered, 10_000);
        r.pread_aligned(direct, 8192, 0, 8192);
    })
}

/// O_DIRECT reads of whole blocks, up to the end of the file and beyond, copy nothing.
pub fn direct_read(b: &mut Builder) -> Steps {
    let data: Vec<u8> = (0..20_000).map(|n| b'a' + (n / 1000) as u8).collect();
    b.file("f", &data);
    b.file("small", "0123456789");
    b.upper().file("upper", &data);
    steps(|r| {
        for path in ["f", "upper"] {
            let fd = r.open(path, O_RDONLY | O_DIRECT);
            for (length, offset) in [
                (4096, 0),
                (8192, 4096),
                (8192, 16_384),
                (4096, 20_480),
                (4096, 1 << 30),
                (65_536, 0),
            ] {
                r.pread_aligned(fd, length, 0, offset);
            }
        }
        let small = r.open("small", O_RDONLY | O_DIRECT);
        r.pread_aligned(small, 4096, 0, 0);
    })
    .upper_is(&["upper"])
}

/// O_DIRECT is set and taken away on open files, below and copied up.
pub fn direct_set_later(b: &mut Builder) -> Steps {
    b.file("f", vec![b'.'; 8192]);
    steps(|r| {
        fn flags(r: &mut Run<'_>, fd: Fd) {
            let flags = sys::fcntl(fd.raw(), libc::F_GETFL, 0);
            let is = flags.map(|flags| flags & O_DIRECT != 0);
            r.call(format_args!("O_DIRECT of {fd}"), is);
        }
        let reader = r.open("f", O_RDONLY);
        let writer = r.open("f", O_RDWR);
        for fd in [reader, writer] {
            let result = sys::set_status_flags(fd.raw(), O_DIRECT, O_DIRECT);
            r.done("O_DIRECT on", result);
            flags(r, fd);
            r.pread_aligned(fd, 4096, 0, 4096);
        }
        r.pwrite_aligned(writer, b'a', 4096, 0);
        r.pread_aligned(reader, 4096, 0, 0);
        let result = sys::set_status_flags(writer.raw(), 0, O_DIRECT);
        r.done("O_DIRECT off", result);
        flags(r, writer);
        flags(r, reader);
        // These are not aligned, and need not be.
        r.pwrite(writer, "buffered", 100);
        r.pread(writer, 20, 95);
        r.pread_aligned(reader, 4096, 0, 0);
    })
}

/// O_DIRECT transfers that are not aligned succeed or fail as on the upper layer's file system.
pub fn direct_unaligned(b: &mut Builder) -> Steps {
    b.file("lower", vec![b'x'; 20_000]);
    b.upper().file("upper", vec![b'x'; 20_000]);
    steps(|r| {
        for path in ["upper", "lower"] {
            let fd = r.open(path, O_RDWR | O_DIRECT);
            // The first one copies a lower file up, whatever its result.
            r.pwrite_aligned(fd, b'a', 100, 0);
            r.pwrite_aligned(fd, b'b', 4096, 100);
            r.pwrite_aligned(fd, b'c', 512, 512);
            r.pwrite_aligned(fd, b'd', 4096, 19_000);
            r.pread_aligned(fd, 100, 0, 0);
            r.pread_aligned(fd, 4096, 0, 100);
            r.pread_aligned(fd, 4096, 1, 0);
            r.pread_aligned(fd, 512, 0, 512);
            r.fstat(fd);
            r.cat(path);
        }
    })
    .not_on(&["squashfs", "iso9660"], shape::NO_DIRECT)
}

/// An O_DIRECT write into a lower file copies it up and is seen by every descriptor.
pub fn direct_write(b: &mut Builder) -> Steps {
    b.file("f", vec![b'.'; 20_000]);
    b.file("appended", vec![b'.'; 8192]);
    b.file("deleted", vec![b'.'; 8192]);
    steps(|r| {
        let old = r.open("f", O_RDONLY);
        let old_direct = r.open("f", O_RDONLY | O_DIRECT);
        let fd = r.open("f", O_RDWR | O_DIRECT);
        r.pread(old, 10, 4096);
        r.pwrite_aligned(fd, b'a', 4096, 4096);
        r.pread(old, 10, 4096);
        r.pread_aligned(old_direct, 8192, 0, 4096);
        r.pwrite_aligned(fd, b'b', 8192, 16_384);
        r.fstat(old);
        r.pwrite_aligned(fd, b'c', 4096, 32_768);
        r.all_see(&[old]);
        let append = r.open("appended", O_WRONLY | O_DIRECT | O_APPEND);
        r.pwrite_aligned(append, b'd', 4096, 0);
        r.pwrite_aligned(append, b'e', 4096, 0);
        r.cat("appended");
        let deleted = r.open("deleted", O_RDWR | O_DIRECT);
        r.unlink("deleted");
        r.pwrite_aligned(deleted, b'f', 4096, 0);
        r.pread_aligned(deleted, 8192, 0, 0);
    })
    .in_upper("f")
    .whiteout("deleted")
}

/// A lower file is opened for writing past the page cache where the upper layer can do that, whatever is below.
pub fn direct_write_below_cannot(b: &mut Builder) -> Steps {
    b.file("f", vec![b'a'; 16_384]);
    b.file("w", vec![b'a'; 16_384]);
    steps(|r| {
        let fd = r.open("f", O_RDWR | O_DIRECT);
        r.pread_aligned(fd, 4096, 0, 4096);
        r.pwrite_aligned(fd, b'b', 4096, 4096);
        r.pread_aligned(fd, 8192, 0, 0);
        let fd = r.open("w", O_WRONLY | O_DIRECT);
        r.pwrite_aligned(fd, b'c', 4096, 0);
        r.cat("w");
    })
    .upper_is(&["f", "w"])
}
