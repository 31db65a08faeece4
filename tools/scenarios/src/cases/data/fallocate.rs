// SPDX-License-Identifier: GPL-2.0-only
//! fallocate(2).

use crate::prelude::*;

/// fallocate beyond the largest size of a file returns EFBIG, as on the upper layer's file system.
pub fn data_fallocate_far(b: &mut Builder) -> Steps {
    b.file("f", "text");
    b.upper().file("upper", "text");
    steps(|r| {
        for path in ["f", "upper"] {
            let fd = r.open(path, O_RDWR);
            for offset in [16i64 << 40, 1 << 62, i64::MAX - 1] {
                r.fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, 1);
            }
            r.fallocate(fd, 0, 16 << 40, i64::MAX - (16 << 40) + 1);
            r.fstat(fd);
        }
    })
}

/// Each mode of fallocate does to a lower file what it does to any.
pub fn data_fallocate_modes(b: &mut Builder) -> Steps {
    const PUNCH: i32 = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
    const ZERO: i32 = FALLOC_FL_ZERO_RANGE;
    const KEEP: i32 = FALLOC_FL_KEEP_SIZE;
    const INSERT: i32 = libc::FALLOC_FL_INSERT_RANGE;
    const UNSHARE: i32 = libc::FALLOC_FL_UNSHARE_RANGE;
    /// Mode, offset, length: within the file of 12 KiB, over its end, and beyond it.
    const CALLS: &[(i32, i64, i64)] = &[
        (0, 100, 200),
        (0, 12_000, 5_000),
        (0, 20_000, 10),
        (KEEP, 12_000, 5_000),
        (PUNCH, 4096, 4096),
        (PUNCH, 100, 200),
        (PUNCH, 12_000, 5_000),
        (PUNCH, 20_000, 10),
        (ZERO, 100, 200),
        (ZERO, 12_000, 5_000),
        (ZERO | KEEP, 12_000, 5_000),
        (FALLOC_FL_COLLAPSE_RANGE, 4096, 4096),
        (FALLOC_FL_COLLAPSE_RANGE, 100, 200),
        (FALLOC_FL_COLLAPSE_RANGE, 8192, 4096),
        (INSERT, 4096, 4096),
        (INSERT, 100, 200),
        (INSERT, 12_288, 4096),
        (UNSHARE, 0, 4096),
        (UNSHARE, 12_000, 5_000),
    ];
    for number in 0..CALLS.len() {
        let data: Vec<u8> = (0..12_288).map(|n| b'a' + (n / 512) as u8).collect();
        b.file(&format!("f{number}"), data);
    }
    steps(|r| {
        for (number, (mode, offset, length)) in CALLS.iter().enumerate() {
            let path = format!("f{number}");
            let before = r.open(&path, O_RDONLY);
            let fd = r.open(&path, O_RDWR);
            r.fallocate(fd, *mode, *offset, *length);
            r.all_see(&[before, fd]);
            r.stat(&path);
            // Once more, now that it is in the upper layer.
            r.fallocate(fd, *mode, *offset, *length);
            r.all_see(&[before, fd]);
            r.close(before);
            r.close(fd);
        }
    })
}

/// fallocate refuses invalid requests before anything is copied up.
pub fn data_fallocate_refused(b: &mut Builder) -> Steps {
    /// Invalid modes, each with a valid range.
    const MODES: &[i32] = &[
        FALLOC_FL_PUNCH_HOLE,
        FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE,
        FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_KEEP_SIZE,
        FALLOC_FL_COLLAPSE_RANGE | libc::FALLOC_FL_INSERT_RANGE,
        libc::FALLOC_FL_INSERT_RANGE | FALLOC_FL_KEEP_SIZE,
        libc::FALLOC_FL_UNSHARE_RANGE | FALLOC_FL_PUNCH_HOLE,
        0x4000_0000,
        -1,
    ];
    b.file("f", vec![b'x'; 8192]);
    b.dir("d");
    b.fifo("fifo");
    b.char_device("null", 1, 3);
    steps(|r| {
        let fd = r.open("f", O_RDWR);
        for mode in MODES {
            r.fallocate(fd, *mode, 0, 4096);
        }
        for (offset, length) in [
            (0, 0),
            (0, -1),
            (-1, 10),
            (i64::MAX, 1),
            (i64::MAX - 10, 20),
            (1, i64::MAX),
        ] {
            r.fallocate(fd, 0, offset, length);
        }
        for (path, flags) in [
            ("f", O_RDONLY),
            ("f", O_PATH),
            ("d", O_RDONLY),
            ("fifo", O_RDWR),
            ("null", O_RDWR),
        ] {
            let other = r.open(path, flags);
            r.fallocate(other, 0, 0, 10);
            r.close(other);
        }
        r.stat("f");
    })
    .layers(|l| if l.is_union() { l.absent("f") } else { Ok(()) })
}

/// A fallocate that the file system refuses clears set-id bits if the file system does so.
pub fn data_fallocate_set_id(b: &mut Builder) -> Steps {
    /// Mode, offset, length: what some file systems do, some refuse, and all refuse.
    const CALLS: &[(i32, i64, i64)] = &[
        (0, 0, 20_000),
        (FALLOC_FL_ZERO_RANGE, 0, 4096),
        (FALLOC_FL_COLLAPSE_RANGE, 4096, 4096),
        (FALLOC_FL_COLLAPSE_RANGE, 100, 200),
        (libc::FALLOC_FL_INSERT_RANGE, 4096, 4096),
        (libc::FALLOC_FL_INSERT_RANGE, 100_000, 4096),
        (libc::FALLOC_FL_UNSHARE_RANGE, 0, 4096),
        (0, 1 << 60, 4096),
    ];
    for number in 0..CALLS.len() {
        for mode in [0o6777, 0o6766] {
            let file = b.file(&format!("f{number}-{mode:o}"), vec![b'x'; 12_288]);
            file.mode(mode).owner(1000, 1000);
        }
    }
    steps(|r| {
        for (number, (mode, offset, length)) in CALLS.iter().enumerate() {
            for bits in ["6777", "6766"] {
                let path = format!("f{number}-{bits}");
                for (uid, gid) in [(0, 0), (1001, 1000), (1001, 1001)] {
                    r.as_user(uid, gid, |r| {
                        let fd = r.open(&path, O_RDWR);
                        r.fallocate(fd, *mode, *offset, *length);
                        r.close(fd);
                    });
                    r.stat(&path);
                }
            }
        }
    })
}

/// Space is allocated in a lower file.
pub fn fallocate_lower(b: &mut Builder) -> Steps {
    b.file("f", "text");
    steps(|r| {
        let fd = r.open("f", O_RDWR);
        r.fallocate(fd, 0, 0, 10_000);
        r.fstat(fd);
        r.fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 50_000);
        r.fstat(fd);
        r.fallocate(fd, 0, -1, 1);
        r.close(fd);
        let fd = r.open("f", O_RDONLY);
        r.fallocate(fd, 0, 0, 10);
        r.close(fd);
        r.cat("f");
    })
}

/// A hole is punched into a lower file.
pub fn punch_hole_lower(b: &mut Builder) -> Steps {
    b.file("f", vec![b'x'; 50_000]);
    steps(|r| {
        let fd = r.open("f", O_RDWR);
        r.fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 8192, 8192);
        r.lseek(fd, 0, SEEK_HOLE);
        r.pread(fd, 10, 8190);
        r.fallocate(fd, FALLOC_FL_PUNCH_HOLE, 8192, 8192);
        r.fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 0, 4096);
        r.fallocate(fd, FALLOC_FL_ZERO_RANGE, 0, 4096);
        r.fstat(fd);
        r.close(fd);
        r.cat("f");
    })
}
