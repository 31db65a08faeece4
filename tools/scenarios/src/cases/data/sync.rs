// SPDX-License-Identifier: GPL-2.0-only
//! fsync(2) and its like, and advice.

use crate::prelude::*;

/// posix_fadvise and readahead return the right error for each kind of descriptor, and copy nothing up.
pub fn data_advice(b: &mut Builder) -> Steps {
    b.file("f", vec![b'x'; 20_000]);
    b.dir("d");
    b.fifo("fifo");
    steps(|r| {
        for (path, flags) in [
            ("f", O_RDONLY),
            ("f", O_WRONLY),
            ("f", O_PATH),
            ("d", O_RDONLY),
            ("fifo", O_RDWR),
        ] {
            let fd = r.open(path, flags);
            for (offset, length, advice) in [
                (0, 0, libc::POSIX_FADV_WILLNEED),
                (4096, 4096, libc::POSIX_FADV_DONTNEED),
                (1 << 40, 1, libc::POSIX_FADV_SEQUENTIAL),
                (0, -1, libc::POSIX_FADV_NORMAL),
                (-1, 1, libc::POSIX_FADV_RANDOM),
                (0, 1, 6),
            ] {
                let result = sys::fadvise_range(fd.raw(), offset, length, advice);
                r.done(
                    format_args!("fadvise({fd}, {offset}, {length}, {advice})"),
                    result,
                );
            }
            r.done("readahead", sys::readahead(fd.raw(), 4096, 8192));
            r.done("readahead far", sys::readahead(fd.raw(), 1 << 40, 8192));
            r.close(fd);
        }
        // Random access, as advised before the copy-up, still reads the right data.
        let fd = r.open("f", O_RDONLY);
        r.fadvise(fd, libc::POSIX_FADV_RANDOM);
        r.pread(fd, 10, 10_000);
    })
    .layers(|l| {
        if l.is_union() {
            l.upper_is(&[])
        } else {
            Ok(())
        }
    })
}

/// mincore finds data in memory that have just been read or written, in a lower file and its copy.
pub fn data_mincore(b: &mut Builder) -> Steps {
    b.file("f", vec![b'x'; 16_384]);
    steps(|r| {
        let fd = r.open("f", O_RDONLY);
        r.pread(fd, 16_384, 0);
        let map = r.map(fd, 16_384, PROT_READ, MAP_SHARED);
        r.expect("all in memory after reading", resident(map));
        let fd = r.open("f", O_RDWR);
        r.pwrite(fd, vec![b'y'; 16_384], 0);
        let map = r.map(fd, 16_384, PROT_READ, MAP_SHARED);
        r.expect("all in memory after writing", resident(map));
    })
    .not_on(shape::FORGETFUL, shape::FORGOTTEN)
}

fn resident(map: sys::Region) -> bool {
    map.resident()
        .is_ok_and(|pages| pages.iter().all(|page| *page))
}

/// Syncing works on descriptors of every kind that has something to sync, and copies nothing up.
pub fn data_sync_kinds(b: &mut Builder) -> Steps {
    b.file("f", "text");
    b.dir("d");
    b.file("d/inside", "text");
    b.fifo("fifo");
    b.char_device("null", 1, 3);
    steps(|r| {
        for (path, flags) in [
            ("f", O_RDONLY),
            ("f", O_RDWR),
            ("f", O_PATH),
            ("d", O_RDONLY),
            ("d", O_PATH),
            ("fifo", O_RDWR),
            ("null", O_RDWR),
        ] {
            let fd = r.open(path, flags);
            r.fsync(fd);
            r.fdatasync(fd);
            r.syncfs(fd);
            for (offset, length, flags) in
                [(0, 0, 7), (0, 10, 2), (-1, 0, 7), (0, -1, 7), (0, 0, 8)]
            {
                let result = sys::sync_range(fd.raw(), offset, length, flags);
                r.done(
                    format_args!("sync_file_range({fd}, {offset}, {length}, {flags})"),
                    result,
                );
            }
            r.close(fd);
        }
        sys::sync();
        r.stat("f");
    })
    .layers(|l| {
        if l.is_union() {
            l.upper_is(&[])
        } else {
            Ok(())
        }
    })
}

/// Files opened with O_SYNC and O_DSYNC are written, and keep their flags.
pub fn data_sync_open(b: &mut Builder) -> Steps {
    b.file("f", "0123456789");
    b.file("other", "0123456789");
    steps(|r| {
        fn flags(r: &mut Run<'_>, fd: Fd) {
            let flags = sys::fcntl(fd.raw(), libc::F_GETFL, 0);
            let word = flags.map(|flags| match flags & libc::O_SYNC {
                libc::O_SYNC => "O_SYNC",
                libc::O_DSYNC => "O_DSYNC",
                _ => "neither",
            });
            r.call(format_args!("flags of {fd}"), word);
        }
        for (path, how) in [("f", libc::O_SYNC), ("other", libc::O_DSYNC)] {
            let fd = r.open(path, O_RDWR | how);
            flags(r, fd);
            r.write(fd, "ab");
            r.pwritev2(fd, &[Piece::Data(b"c"), Piece::Data(b"d")], 5, 0);
            flags(r, fd);
            // fcntl ignores these.
            let result = sys::set_status_flags(fd.raw(), 0, libc::O_SYNC);
            r.done("O_SYNC off", result);
            flags(r, fd);
            let append = r.open(path, O_WRONLY | O_APPEND | how);
            r.write(append, "end");
            r.cat(path);
        }
    })
}

/// Advice is accepted for lower and upper files.
pub fn fadvise(b: &mut Builder) -> Steps {
    b.file("f", "text");
    steps(|r| {
        let fd = r.open("f", O_RDWR);
        for advice in 0..6 {
            r.fadvise(fd, advice);
        }
        r.fadvise(fd, 77);
        r.write(fd, "T");
        r.fadvise(fd, 3);
    })
    .in_upper("f")
}

/// Syncing of files and directories, in lower layers and in the upper layer.
pub fn fsync(b: &mut Builder) -> Steps {
    b.file("f", "text");
    b.dir("d");
    steps(|r| {
        let lower = r.open("f", O_RDONLY);
        r.fsync(lower);
        r.fdatasync(lower);
        let fd = r.open("f", O_RDWR);
        r.fsync(fd);
        r.write(fd, "T");
        r.fsync(fd);
        r.fdatasync(fd);
        r.fsync(lower);
        let dir = r.open("d", O_RDONLY | O_DIRECTORY);
        r.fsync(dir);
        r.put("d/new", O_WRONLY | O_CREAT, "x");
        r.fsync(dir);
        r.syncfs(dir);
    })
}

/// readahead and sync_file_range on files in lower layers and in the upper layer.
pub fn readahead_and_ranges(b: &mut Builder) -> Steps {
    b.file("f", vec![b'x'; 20_000]);
    steps(|r| {
        let fd = r.open("f", O_RDWR);
        r.done("readahead", sys::readahead(fd.raw(), 0, 10_000));
        r.done("sync_file_range", sys::sync_range(fd.raw(), 0, 0, 7));
        r.write(fd, "T");
        r.done("readahead", sys::readahead(fd.raw(), 0, 10_000));
        r.done("sync_file_range", sys::sync_range(fd.raw(), 0, 0, 7));
        let dir = r.open(".", O_RDONLY | O_DIRECTORY);
        r.done("readahead of a directory", sys::readahead(dir.raw(), 0, 10));
    })
}
