// SPDX-License-Identifier: GPL-2.0-only
//! write(2) and its forms.

use crate::prelude::*;

/// A write in the middle of a big lower file.
pub fn big_file(b: &mut Builder) -> Steps {
    let data: Vec<u8> = (0..3_000_000u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    b.file("f", data);
    steps(|r| {
        let fd = r.open("f", O_RDWR);
        r.pwrite(fd, vec![b'!'; 10_000], 1_500_000);
        r.pread(fd, 20_000, 1_495_000);
        r.close(fd);
        r.cat("f");
        r.stat("f");
    })
    .in_upper("f")
}

/// Inaccessible memory ends a transfer early, or with EFAULT if nothing could be transferred.
pub fn data_bad_memory(b: &mut Builder) -> Steps {
    b.file("lower", vec![b'x'; 10_000]);
    b.upper().file("upper", vec![b'x'; 10_000]);
    b.anywhere().file("only read", vec![b'x'; 10_000]);
    steps(|r| {
        use Piece::{Data, Nowhere};
        for path in ["lower", "upper"] {
            let fd = r.open(path, O_RDWR);
            r.pwritev2(fd, &[Nowhere(10)], 0, 0);
            r.pwritev2(fd, &[Nowhere(10)], 10_000, 0);
            r.fstat(fd);
            r.pwritev2(fd, &[Data(b"first"), Nowhere(10), Data(b"last")], 0, 0);
            r.pread(fd, 20, 0);
            let result = sys::write_over_edge(fd.raw(), &[b'y'; 5000], 5000, 9_000);
            r.call("write over the edge", result);
            r.fstat(fd);
            r.pread(fd, 20_000, 0);
        }
        let fd = r.open("only read", O_RDONLY);
        r.preadv2(fd, &[Space::Nowhere(10)], 0, 0);
        r.preadv2(fd, &[Space::Nowhere(10)], 10_000, 0);
        r.preadv2(fd, &[Space::Bytes(3), Space::Nowhere(10)], 0, 0);
        for inside in [0, 100, 5000] {
            let result = sys::read_over_edge(fd.raw(), inside, 5000, 0);
            r.call(
                format_args!("read {inside} and over the edge"),
                result.map(|data| data.len()),
            );
        }
        r.lseek(fd, 0, SEEK_CUR);
    })
    .absent("only read")
}

/// Reads and writes near the largest off_t.
pub fn data_far_offsets(b: &mut Builder) -> Steps {
    b.file("lower", "0123456789");
    b.upper().file("upper", "0123456789");
    steps(|r| {
        for path in ["lower", "upper"] {
            let fd = r.open(path, O_RDWR);
            for offset in [
                -1,
                i64::MIN,
                (16 << 40) - 4096,
                (16 << 40) - 2,
                16 << 40,
                i64::MAX - 4096,
                i64::MAX - 4,
                i64::MAX - 1,
                i64::MAX,
            ] {
                r.pread(fd, 4, offset);
                r.pwrite(fd, "abcd", offset);
                r.fstat(fd);
                // Keeps the file small that is compared in the end.
                r.ftruncate(fd, 10);
            }
            let append = r.open(path, O_WRONLY | O_APPEND);
            r.ftruncate(fd, i64::MAX);
            r.write(append, "more");
            r.ftruncate(fd, 10);
            r.write(append, "more");
            r.cat(path);
        }
    })
}

/// Pipes, ranges and vectors reach places beyond 4 GiB of lower and copied-up files.
pub fn data_far_transfers(b: &mut Builder) -> Steps {
    const FAR: i64 = (5 << 30) + 4096;
    b.sparse("from", FAR as u64 + 10, &[(FAR as u64, b"0123456789")]);
    b.sparse("to", FAR as u64 + 10, &[(FAR as u64, b"..........")]);
    steps(|r| {
        let from = r.open("from", O_RDONLY);
        let old = r.open("to", O_RDONLY);
        let to = r.open("to", O_RDWR);
        let (reader, writer) = r.pipe();
        r.splice_at(from, Some(FAR + 2), writer, None, 4);
        r.splice_at(reader, None, to, Some(FAR + 5), 100);
        r.pread(old, 20, FAR);
        r.lseek(to, FAR - 1, SEEK_SET);
        r.sendfile_at(to, from, FAR + 8, 100);
        r.lseek(to, 0, SEEK_CUR);
        r.copy_file_range(from, FAR, to, FAR + 8, 10);
        r.pwritev2(to, &[Piece::Data(b"a"), Piece::Data(b"b")], FAR + 3, 0);
        r.preadv2(old, &[Space::Bytes(4), Space::Bytes(100)], FAR - 2, 0);
        r.lseek(old, -4, SEEK_END);
        r.read(old, 10);
        r.truncate("to", FAR + 3);
        r.lseek(old, 0, SEEK_END);
        r.truncate("to", 1 << 32);
        r.fstat(old);
        r.fstat(to);
    })
    .layers(|l| {
        l.absent("from")?;
        if l.stat("to")?.st_blocks > 1000 {
            return Err("the copy must be sparse".into());
        }
        Ok(())
    })
}

/// Data are read and written in pieces, at the position or at an offset.
pub fn data_vectors(b: &mut Builder) -> Steps {
    b.file("f", "0123456789");
    b.file("kept", "0123456789");
    steps(|r| {
        use Piece::Data;
        use Space::Bytes;
        let old = r.open("f", O_RDONLY);
        let fd = r.open("f", O_RDWR);
        r.preadv2(fd, &[Bytes(2), Bytes(0), Bytes(3), Bytes(100)], 1, 0);
        r.preadv2(fd, &[Bytes(2), Bytes(3)], -1, 0);
        r.pwritev2(fd, &[Data(b"ab"), Data(b""), Data(b"cd")], -1, 0);
        r.preadv2(old, &[Bytes(4), Bytes(100)], -1, 0);
        r.pwritev2(fd, &[Data(b"x"), Data(b"yz")], 20, 0);
        r.lseek(fd, 0, SEEK_CUR);
        r.preadv2(old, &[Bytes(10), Bytes(100)], -1, 0);
        r.preadv2(fd, &[], 0, 0);
        r.pwritev2(fd, &[], 0, 0);
        r.preadv2(fd, &[Bytes(1); 1024], 0, 0);
        r.preadv2(fd, &[Bytes(1); 1025], 0, 0);
        r.pwritev2(fd, &[Data(b"."); 1024], 0, 0);
        r.pwritev2(fd, &[Data(b"!"); 1025], 0, 0);
        r.pwritev2(fd, &[Data(b"a")], -2, 0);
        let kept = r.open("kept", O_RDWR);
        r.pwritev2(kept, &[Data(b""), Data(b"")], 3, 0);
        r.pwritev2(kept, &[], 3, 0);
        r.fstat(kept);
    })
    .layers(|l| {
        if l.is_union() {
            l.absent("kept")
        } else {
            Ok(())
        }
    })
}

/// A write far beyond the end leaves a hole of zeros that takes no space.
pub fn data_write_far(b: &mut Builder) -> Steps {
    b.file("f", "0123456789");
    b.file("appended", "0123456789");
    steps(|r| {
        let old = r.open("f", O_RDONLY);
        let fd = r.open("f", O_RDWR);
        r.pwrite(fd, "far", 40 << 20);
        r.pread(old, 20, 0);
        r.pread(old, 20, (40 << 20) - 10);
        r.lseek(old, 0, SEEK_END);
        let zero = sys::read(old.raw(), 1 << 20, Some(10))
            .is_ok_and(|data| data.iter().all(|byte| *byte == 0));
        r.expect("zeros between", zero);
        r.ftruncate(fd, 100);
        let append = r.open("appended", O_WRONLY | O_APPEND);
        r.lseek(append, 30 << 20, SEEK_SET);
        r.write(append, "end");
        r.stat("appended");
        r.truncate("appended", 50 << 20);
        r.write(append, "end");
    })
    .layers(|l| {
        if l.stat("appended")?.st_blocks > 1000 {
            return Err("what was never written must take no room".into());
        }
        Ok(())
    })
}

/// Flags of one write: appending, synchronous, of high priority, or unknown.
pub fn data_write_flags(b: &mut Builder) -> Steps {
    /// Since Linux 6.9.
    const RWF_NOAPPEND: i32 = 0x20;
    b.file("f", "0123456789");
    b.file("refused", "0123456789");
    steps(|r| {
        use Piece::Data;
        let fd = r.open("f", O_RDWR);
        r.pwritev2(fd, &[Data(b"end")], 0, libc::RWF_APPEND);
        r.lseek(fd, 0, SEEK_CUR);
        r.pwritev2(fd, &[Data(b"END")], -1, libc::RWF_APPEND);
        r.lseek(fd, 0, SEEK_CUR);
        for flags in [libc::RWF_DSYNC, libc::RWF_SYNC, libc::RWF_HIPRI] {
            r.pwritev2(fd, &[Data(b"s")], 2, flags);
        }
        r.preadv2(fd, &[Space::Bytes(100)], 0, libc::RWF_HIPRI);
        r.preadv2(fd, &[Space::Bytes(100)], 0, libc::RWF_APPEND);
        r.preadv2(fd, &[Space::Bytes(100)], 0, libc::RWF_DSYNC);
        let refused = r.open("refused", O_RDWR);
        r.pwritev2(refused, &[Data(b"x")], 0, RWF_NOAPPEND | libc::RWF_APPEND);
        r.pwritev2(refused, &[Data(b"x")], 0, 0x4000_0000);
        r.preadv2(refused, &[Space::Bytes(1)], 0, 0x4000_0000);
        r.preadv2(refused, &[Space::Bytes(1)], 0, RWF_NOAPPEND);
    })
    .layers(|l| {
        if l.is_union() {
            l.absent("refused")
        } else {
            Ok(())
        }
    })
}

/// Each call that changes data copies the file up, and changes its modification time.
pub fn data_writing_copies_up(b: &mut Builder) -> Steps {
    const CALLS: &[&str] = &[
        "write",
        "pwrite",
        "vector",
        "ftruncate",
        "truncate",
        "allocate",
        "punch",
        "splice",
        "sendfile",
        "range",
        "mapping",
        "aio",
        "uring",
        "open",
        "append",
    ];
    for call in CALLS {
        b.file(call, "0123456789");
    }
    b.file("source", "source");
    steps(|r| {
        let source = r.open("source", O_RDONLY);
        for call in CALLS {
            let fd = r.open(call, O_RDWR);
            match *call {
                "write" => r.write(fd, "W"),
                "pwrite" => r.pwrite(fd, "W", 3),
                "vector" => r.pwritev2(fd, &[Piece::Data(b"W")], 3, 0),
                "ftruncate" => drop(r.ftruncate(fd, 5)),
                "truncate" => drop(r.truncate(call, 5)),
                "allocate" => drop(r.fallocate(fd, 0, 0, 20)),
                "punch" => {
                    r.fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 2, 3);
                }
                "splice" => {
                    let (reader, writer) = r.pipe();
                    r.write(writer, "pipe");
                    r.splice_at(reader, None, fd, None, 4);
                }
                "sendfile" => r.sendfile_at(fd, source, 0, 3),
                "range" => r.copy_file_range(source, 0, fd, 2, 3),
                "mapping" => {
                    let map = r.mmap(fd, 10, PROT_READ | PROT_WRITE, MAP_SHARED);
                    if let Some(mut map) = map {
                        map.store(1, b"M");
                        r.done("msync", map.sync());
                    }
                }
                "aio" => {
                    let aio = r.aio();
                    r.submit(&aio, "write", vec![Control::write(fd.raw(), b"A", 1)]);
                }
                "uring" => {
                    let mut ring = r.ring();
                    let request = Request::write(fd.raw(), b"U", 1);
                    r.uring(&mut ring, vec![("write", request)]);
                }
                "open" => drop(r.open(call, O_RDONLY | O_TRUNC)),
                _ => drop(r.put(call, O_WRONLY | O_APPEND, "end")),
            }
            r.pread(fd, 30, 0);
            r.stat(call);
        }
    })
    .layers(|l| {
        l.absent("source")?;
        CALLS.iter().try_for_each(|call| l.in_upper(call))
    })
}

/// Writes by descriptors reach their own file wherever its name was moved.
pub fn data_written_after_rename(b: &mut Builder) -> Steps {
    for name in ["moved", "over", "target", "one", "two", "linked"] {
        b.file(&format!("d/{name}"), name);
    }
    b.dir("e");
    steps(|r| {
        let names = ["moved", "over", "target", "one", "two", "linked"];
        let fds: Vec<_> = names
            .iter()
            .map(|name| r.open(&format!("d/{name}"), O_RDWR))
            .collect();
        r.rename("d/moved", "e/here");
        r.rename("d/over", "d/target");
        r.rename2("d/one", "d/two", RENAME_EXCHANGE);
        r.link("d/linked", "e/linked");
        r.unlink("d/linked");
        for fd in &fds {
            r.pwrite(*fd, "W", 1);
            r.fstat(*fd);
        }
        r.all_see(&fds);
        for path in ["e/here", "d/target", "d/one", "d/two", "e/linked"] {
            r.cat(path);
        }
    })
    .whiteout("d/moved")
    .whiteout("d/over")
    .in_upper("e/linked")
}

/// Writing nothing changes nothing and copies nothing up.
pub fn data_zero_length(b: &mut Builder) -> Steps {
    b.file("f", "0123456789").mode(0o6755);
    b.file("direct", "0123456789");
    steps(|r| {
        let fd = r.open("f", O_RDWR);
        r.write(fd, "");
        r.pwrite(fd, "", 0);
        r.pwrite(fd, "", 1 << 40);
        r.pwrite(fd, "", -1);
        r.pwritev2(fd, &[Piece::Nowhere(0)], 0, libc::RWF_DSYNC);
        r.read(fd, 0);
        r.pread(fd, 0, 1 << 40);
        r.pread(fd, 0, -1);
        r.lseek(fd, 0, SEEK_CUR);
        r.copy_range(fd, Some(0), fd, Some(20), 0);
        r.sendfile(fd, fd, 0);
        let append = r.open("f", O_WRONLY | O_APPEND);
        r.write(append, "");
        r.read(append, 0);
        let reader = r.open("f", O_RDONLY);
        r.write(reader, "");
        let direct = r.open("direct", O_RDWR | O_DIRECT);
        r.write(direct, "");
        r.read(direct, 0);
        r.stat("f");
    })
    .layers(|l| {
        if l.is_union() {
            l.upper_is(&[])
        } else {
            Ok(())
        }
    })
    .not_on(&["squashfs", "iso9660"], shape::NO_DIRECT)
}

/// Writing to a file does not touch its directory.
pub fn write_keeps_directory_time(b: &mut Builder) -> Steps {
    b.dir("d").mtime(1_000_000_009, 9);
    b.file("d/f", "text");
    b.dir("e").mtime(1_000_000_009, 9);
    steps(|r| {
        r.put("d/f", O_WRONLY, "TEXT");
        r.stat("d");
        r.put("e/new", O_WRONLY | O_CREAT, "x");
        r.stat("e");
    })
}

/// The first write copies the file up, the rest of the file is unchanged.
pub fn write_lower(b: &mut Builder) -> Steps {
    b.file("f", "0123456789").mode(0o640).owner(1000, 1001);
    steps(|r| {
        let fd = r.open("f", O_RDWR);
        r.pwrite(fd, "ab", 3);
        r.pread(fd, 20, 0);
        r.fstat(fd);
        r.close(fd);
        r.cat("f");
        r.stat("f");
    })
    .in_upper("f")
}
