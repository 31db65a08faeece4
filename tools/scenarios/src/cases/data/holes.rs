// SPDX-License-Identifier: GPL-2.0-only
//! Holes, extents, and lseek(2).

use crate::prelude::*;

/// FIEMAP finds all the data of a lower file and copies nothing; later it finds the copy's.
pub fn data_fiemap(b: &mut Builder) -> Steps {
    /// Writes out dirty pages before it looks.
    const SYNC: u32 = 1;
    const ONE: &str = "one layer knows FIEMAP, the other does not";
    b.file("f", vec![b'x'; 20_000]);
    b.file("empty", "");
    b.dir("d");
    steps(|r| {
        fn covered(r: &mut Run<'_>, what: &str, fd: Fd) {
            let result = sys::fiemap(fd.raw(), 0, u64::MAX, SYNC).map(|extents| {
                // The extents follow one another from the first byte to the last, and the last one is marked as such.
                let mut at = 0;
                let dense = extents.iter().all(|(start, length, _)| {
                    let follows = *start == at;
                    at = start + length;
                    follows
                });
                let last = extents.last().is_some_and(|(_, _, flags)| flags & 1 != 0);
                format!("dense {dense}, to the end {}, last {last}", at >= 20_000)
            });
            r.call(format_args!("FIEMAP {what}"), result);
        }
        let old = r.open("f", O_RDONLY);
        covered(r, "below", old);
        let middle = sys::fiemap(old.raw(), 8192, 4096, SYNC).map(|extents| !extents.is_empty());
        r.call("FIEMAP of a part", middle);
        for (start, length, flags) in [(0, 0, 0), (u64::MAX, 1, 0), (0, 4096, 0x8000_0000)] {
            let result = sys::fiemap(old.raw(), start, length, flags).map(|e| e.len());
            r.call(
                format_args!("FIEMAP of {start}, {length}, {flags:#x}"),
                result,
            );
        }
        let empty = r.open("empty", O_RDONLY);
        let result = sys::fiemap(empty.raw(), 0, u64::MAX, SYNC).map(|extents| extents.len());
        r.call("FIEMAP of nothing", result);
        r.put("f", O_WRONLY, "changed");
        covered(r, "from before the copy-up", old);
    })
    .upper_is(&["f"])
    .not_on(
        &[
            "tmpfs-mixed",
            "ext4-tmpfs",
            "squashfs",
            "iso9660",
            "read-only-erofs",
        ],
        ONE,
    )
}

/// lseek refuses positions outside of the file, and stays where it was.
pub fn data_lseek_errors(b: &mut Builder) -> Steps {
    b.file("lower", "0123456789");
    b.fifo("fifo");
    b.upper().file("upper", "0123456789");
    steps(|r| {
        for (path, flags) in [
            ("lower", O_RDONLY),
            ("upper", O_RDONLY),
            ("lower", O_PATH),
            ("fifo", O_RDWR),
        ] {
            let fd = r.open(path, flags);
            r.lseek(fd, 4, SEEK_SET);
            for (offset, whence) in [
                (-1, SEEK_SET),
                (-5, SEEK_CUR),
                (-11, SEEK_END),
                (0, 5),
                (0, -1),
                (i64::MAX, SEEK_CUR),
                (i64::MIN, SEEK_END),
                (i64::MAX, SEEK_END),
                (-1, SEEK_DATA),
                (-1, SEEK_HOLE),
                (10, SEEK_DATA),
                (10, SEEK_HOLE),
                (i64::MAX, SEEK_HOLE),
                (0, SEEK_CUR),
                (9, SEEK_DATA),
                (9, SEEK_HOLE),
                (-10, SEEK_END),
                (100, SEEK_CUR),
            ] {
                r.lseek(fd, offset, whence);
            }
            // A FIFO never has data here.
            if path != "fifo" {
                r.read(fd, 5);
            }
            r.close(fd);
        }
    })
    .upper_is(&["upper"])
    .not_on(
        &["upper:btrfs"],
        "btrfs takes offsets before the file for its beginning",
    )
}

/// lseek goes up to the largest size of a file on the upper layer's file system.
pub fn data_lseek_far(b: &mut Builder) -> Steps {
    b.file("lower", "0123456789");
    b.upper().file("upper", "0123456789");
    steps(|r| {
        for path in ["lower", "upper"] {
            let fd = r.open(path, O_RDWR);
            for offset in [
                5 << 30,
                1 << 40,
                (16i64 << 40) - 4096,
                16i64 << 40,
                1 << 62,
                i64::MAX,
            ] {
                r.lseek(fd, offset, SEEK_SET);
                r.lseek(fd, offset - 10, SEEK_END);
            }
        }
    })
}

/// An open descriptor maps data and holes as they are now: below, copied up, and changed since.
pub fn data_seek_map(b: &mut Builder) -> Steps {
    b.sparse(
        "f",
        1 << 20,
        &[
            (65_536, &[b'a'; 8192]),
            (300_000, &[b'b'; 4096]),
            ((1 << 20) - 4096, &[b'c'; 4096]),
        ],
    );
    b.sparse("hole", 1 << 20, &[]);
    b.file("empty", "");
    steps(|r| {
        let old = r.open("f", O_RDONLY);
        r.data_map(old);
        let fd = r.open("f", O_RDWR);
        r.pwrite(fd, "!", 70_000);
        r.data_map(old);
        r.data_map(fd);
        r.fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 65_536, 4096);
        r.pwrite(fd, vec![b'd'; 4096], 524_288);
        r.data_map(old);
        r.ftruncate(fd, 400_000);
        r.data_map(old);
        for path in ["hole", "empty"] {
            let fd = r.open(path, O_RDWR);
            r.data_map(fd);
            r.fchmod(fd, 0o600);
            r.data_map(fd);
            r.lseek(fd, 0, SEEK_HOLE);
        }
    })
}

/// A file that ends in a hole keeps its modification time when it is copied up.
pub fn data_trailing_hole_time(b: &mut Builder) -> Steps {
    b.sparse("all hole", 1 << 20, &[]);
    b.sparse("ends in one", 1 << 20, &[(0, b"data")]);
    b.sparse(
        "begins with one",
        1 << 20,
        &[((1 << 20) - 4096, &[b'x'; 4096])],
    );
    steps(|r| {
        for path in ["all hole", "ends in one", "begins with one"] {
            r.chmod(path, 0o600);
            r.stat(path);
        }
    })
    .in_upper("all hole")
}

/// Extents of lower and upper files are mapped as far as the layers can.
pub fn fiemap(b: &mut Builder) -> Steps {
    b.file("f", vec![b'x'; 20_000]);
    steps(|r| {
        let fd = r.open("f", O_RDWR);
        r.write(fd, "T");
        r.fsync(fd);
        let result = sys::fiemap_count(fd.raw()).map(|count| count > 0);
        r.call("FIEMAP of a copied-up file finds extents", result);
    })
}

/// Copy-up keeps the holes of a sparse file.
pub fn holes_kept(b: &mut Builder) -> Steps {
    b.sparse(
        "f",
        4 << 20,
        &[(0, &[b'a'; 4096]), (2 << 20, &[b'b'; 8192])],
    );
    steps(|r| {
        let fd = r.open("f", O_RDWR);
        r.pwrite(fd, "x", 100);
        r.lseek(fd, 0, SEEK_DATA);
        r.lseek(fd, 0, SEEK_HOLE);
        r.lseek(fd, 8192, SEEK_DATA);
        r.lseek(fd, 2 << 20, SEEK_HOLE);
        r.lseek(fd, 3 << 20, SEEK_DATA);
        r.fstat(fd);
        r.close(fd);
    })
    .layers(|l| {
        let stat = l.stat("f")?;
        // Blocks allocated beyond the data are up to the file system.
        if stat.st_blocks > 1000 {
            return Err(format!(
                "the copy must be sparse, it has {} blocks",
                stat.st_blocks
            ));
        }
        Ok(())
    })
}

/// Offsets beyond 4 GiB survive copy-up.
pub fn huge_file(b: &mut Builder) -> Steps {
    b.sparse(
        "f",
        5 << 30,
        &[
            (0, b"begin"),
            ((4 << 30) + 5000, b"middle"),
            ((5 << 30) - 3, b"end"),
        ],
    );
    steps(|r| {
        let fd = r.open("f", O_RDWR);
        r.pread(fd, 6, (4 << 30) + 5000);
        r.pwrite(fd, "!", (4 << 30) + 5006);
        r.fstat(fd);
        r.pread(fd, 10, (5 << 30) - 3);
        r.pread(fd, 7, (4 << 30) + 5000);
        r.pwrite(fd, "more", 6 << 30);
        r.fstat(fd);
        r.ftruncate(fd, (4 << 30) + 5003);
        r.fstat(fd);
        r.pread(fd, 10, (4 << 30) + 5000);
    })
    .layers(|l| {
        let stat = l.stat("f")?;
        if stat.st_blocks > 1000 {
            return Err(format!(
                "the copy must be sparse, it has {} blocks",
                stat.st_blocks
            ));
        }
        Ok(())
    })
}

/// The copy of a file that ends in a hole keeps the times of the original.
pub fn pressure_trailing_hole(b: &mut Builder) -> Steps {
    b.sparse("end", 100_000, &[(0, b"data")]);
    b.sparse("all", 100_000, &[]);
    steps(|r| {
        for name in ["end", "all"] {
            r.chmod(name, 0o600);
            r.stat(name);
        }
    })
    .upper_is(&["all", "end"])
}

/// SEEK_DATA and SEEK_HOLE on a lower file copy nothing.
pub fn seek_hole_lower(b: &mut Builder) -> Steps {
    b.sparse(
        "f",
        1 << 20,
        &[(0, &[b'a'; 4096]), (1 << 19, &[b'b'; 4096])],
    );
    steps(|r| {
        let fd = r.open("f", O_RDONLY);
        r.lseek(fd, 0, SEEK_HOLE);
        r.lseek(fd, 4096, SEEK_DATA);
        r.lseek(fd, 1 << 19, SEEK_HOLE);
        r.lseek(fd, 1 << 20, SEEK_DATA);
        r.lseek(fd, -1, SEEK_SET);
        r.lseek(fd, 10, SEEK_END);
        r.lseek(fd, 10, SEEK_SET);
        r.read(fd, 5);
        r.lseek(fd, 0, SEEK_CUR);
        r.close(fd);
    })
    .upper_is(&[])
}
