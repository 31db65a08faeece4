// SPDX-License-Identifier: GPL-2.0-only
//! Writes that clear set-id bits and capabilities.

use crate::prelude::*;

/// A write clears set-id bits and capabilities, be it asynchronous, direct, or a clone.
pub fn data_set_id_async(b: &mut Builder) -> Steps {
    const CALLS: &[&str] = &["write", "clone", "aio", "uring", "worker", "direct"];
    // Version 2 of the attribute: CAP_NET_RAW, permitted.
    let capability = [
        0, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ];
    for call in CALLS {
        b.file(call, vec![b'x'; 8192])
            .mode(0o6777)
            .xattr("security.capability", &capability);
    }
    b.file("source", vec![b'y'; 8192]);
    steps(|r| {
        r.as_user(1000, 1000, |r| {
            let source = r.open("source", O_RDONLY);
            for call in CALLS {
                let fd = r.open(call, O_RDWR);
                match *call {
                    "write" => r.write(fd, "W"),
                    "clone" => {
                        // Where nothing can be cloned, another call takes its place.
                        if sys::clone_range(source.raw(), 0, 4096, fd.raw(), 0).is_err() {
                            let _ = sys::write(fd.raw(), &[b'y'; 4096], Some(0));
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
                    "worker" => {
                        let mut ring = r.ring();
                        let request = Request::write(fd.raw(), b"U", 1).in_worker();
                        r.uring(&mut ring, vec![("write", request)]);
                    }
                    _ => {
                        let direct = r.open(call, O_WRONLY | O_DIRECT);
                        r.pwrite_aligned(direct, b'd', 4096, 0);
                    }
                }
                r.stat(call);
                r.getxattr(call, "security.capability");
            }
        });
    })
    .not_on(&["squashfs", "iso9660"], shape::NO_DIRECT)
}

/// A refused call clears set-id bits and capabilities where it does so on the plain file system.
pub fn data_set_id_refused(b: &mut Builder) -> Steps {
    const SIZE: usize = 8192;
    const LIMIT: u64 = 16_384;
    const WAYS: &[Way] = &[
        way("write-at-limit", O_RDWR, |r, fd| {
            r.pwrite(fd, "x", LIMIT as i64)
        }),
        way("write-over-limit", O_RDWR, |r, fd| {
            r.pwrite(fd, "x", 1 << 40)
        }),
        way("write-only-at-limit", O_WRONLY, |r, fd| {
            r.pwritev2(fd, &[Piece::Data(b"x")], LIMIT as i64, 0);
        }),
        way("write-before-start", O_RDWR, |r, fd| r.pwrite(fd, "x", -1)),
        way("write-bad-memory", O_RDWR, |r, fd| {
            r.pwritev2(fd, &[Piece::Nowhere(10)], 0, 0);
        }),
        way("write-unknown-flags", O_RDWR, |r, fd| {
            r.pwritev2(fd, &[Piece::Data(b"x")], 0, 1 << 20);
        }),
        way("splice-at-limit", O_RDWR, |r, fd| {
            let (reader, writer) = r.pipe();
            r.write(writer, "x");
            r.splice_at(reader, None, fd, Some(LIMIT as i64), 1);
            r.close(reader);
            r.close(writer);
        }),
        way("send-nothing", O_RDWR, |r, fd| {
            let source = r.open("source", O_RDONLY);
            r.lseek(source, SIZE as i64, SEEK_SET);
            r.sendfile(fd, source, 10);
            r.close(source);
        }),
        way("copy-at-limit", O_RDWR, |r, fd| {
            let source = r.open("source", O_RDONLY);
            r.copy_file_range(source, 0, fd, LIMIT as i64, 10);
            r.close(source);
        }),
        way("copy-nothing", O_RDWR, |r, fd| {
            let source = r.open("source", O_RDONLY);
            r.copy_file_range(source, SIZE as i64, fd, 0, 10);
            r.close(source);
        }),
        // Which call is refused, and how, depends on whether there are blocks to be shared.
        way("clone-unaligned", O_RDWR, |r, fd| {
            let source = r.open("source", O_RDONLY);
            r.expect(
                "a clone is refused",
                sys::clone_range(source.raw(), 1, 10, fd.raw(), 3).is_err(),
            );
            r.close(source);
        }),
        way("clone-beyond-end", O_RDWR, |r, fd| {
            let source = r.open("source", O_RDONLY);
            r.expect(
                "a clone is refused",
                sys::clone_range(source.raw(), 1 << 30, 4096, fd.raw(), 0).is_err(),
            );
            r.close(source);
        }),
        way("truncate-over-limit", O_RDWR, |r, fd| {
            r.ftruncate(fd, 1 << 40);
        }),
        way("allocate-over-limit", O_RDWR, |r, fd| {
            r.fallocate(fd, 0, 0, 1 << 40);
        }),
    ];
    // Version 2 of the attribute: CAP_NET_RAW, permitted.
    let capability = [
        0, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ];
    for way in WAYS {
        b.file(way.name, vec![b'x'; SIZE])
            .mode(0o6777)
            .xattr("security.capability", &capability);
    }
    b.file("source", vec![b'y'; SIZE]);
    steps(|r| {
        for (uid, gid) in [(0, 0), (1000, 1000)] {
            for way in WAYS {
                r.as_user(uid, gid, |r| {
                    r.done("limit", sys::limit_file_size(LIMIT));
                    let fd = r.open(way.name, way.flags);
                    (way.call)(r, fd);
                    r.close(fd);
                });
                r.stat(way.name);
                r.getxattr(way.name, "security.capability");
            }
        }
    })
}

/// A call that changes data but is refused or has nothing to do.
struct Way {
    name: &'static str,
    flags: i32,
    call: fn(&mut Run, Fd),
}

const fn way(name: &'static str, flags: i32, call: fn(&mut Run, Fd)) -> Way {
    Way { name, flags, call }
}
