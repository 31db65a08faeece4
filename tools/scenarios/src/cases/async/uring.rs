// SPDX-License-Identifier: GPL-2.0-only
//! io_uring.

use crate::prelude::*;

/// Linked requests are done one after the other, until one fails.
pub fn uring_chain(b: &mut Builder) -> Steps {
    b.file("f", "0123456789");
    b.file("old", "text");
    steps(|r| {
        let mut ring = r.ring();
        let fd = r.open("f", O_RDWR);
        let mut buffer = [0u8; 12];
        r.uring(
            &mut ring,
            vec![
                ("write", Request::write(fd.raw(), b"abcdef", 3).linked()),
                ("truncate", Request::ftruncate(fd.raw(), 7).linked()),
                ("sync", Request::fsync(fd.raw(), false).linked()),
                (
                    "read",
                    Request::read(fd.raw(), &mut buffer[..7], 0).linked(),
                ),
                ("rename", Request::rename("f", "g", 0).linked()),
                ("link", Request::link("g", "h").linked()),
                ("unlink", Request::unlink("g", 0)),
            ],
        );
        r.bytes("read", &buffer);
        r.uring(
            &mut ring,
            vec![
                ("rename", Request::rename("old", "new", 0).linked()),
                (
                    "open of what is not there",
                    Request::open("old", O_RDONLY).linked(),
                ),
                ("unlink behind it", Request::unlink("new", 0).linked()),
                ("write behind it", Request::write(fd.raw(), b"x", 0)),
            ],
        );
        r.ls(".");
        r.cat("h");
    })
    .whiteout("f")
    .whiteout("old")
    .in_upper("new")
}

/// io_uring with O_DIRECT: many requests at a time, on a lower file and its copy.
pub fn uring_direct(b: &mut Builder) -> Steps {
    let data: Vec<u8> = (0..65_536u32).map(|n| b'a' + (n / 4096) as u8).collect();
    b.file("f", &data);
    steps(|r| {
        let mut ring = r.ring();
        let old = r.open("f", O_RDONLY | O_DIRECT);
        let fd = r.open("f", O_RDWR | O_DIRECT);
        let blocks: Vec<_> = (0..8u8).map(|n| Aligned::filled(4096, b'0' + n)).collect();
        let mut buffers: Vec<_> = (0..8).map(|_| Aligned::new(8192, 0)).collect();
        for pass in 0..2 {
            let reads = buffers.iter_mut().enumerate();
            let reads = reads
                .map(|(n, buffer)| {
                    let request = Request::read(old.raw(), buffer, n as i64 * 8192);
                    (
                        "read",
                        if n % 2 == 0 {
                            request
                        } else {
                            request.in_worker()
                        },
                    )
                })
                .collect();
            r.uring(&mut ring, reads);
            for buffer in &buffers {
                r.bytes("read", buffer);
            }
            let writes = blocks
                .iter()
                .enumerate()
                .map(|(n, block)| {
                    let at = (n as i64 * 2 + pass) * 4096;
                    ("write", Request::write(fd.raw(), block, at))
                })
                .collect();
            r.uring(&mut ring, writes);
        }
        r.cat("f");
    })
}

/// Requests of io_uring that cannot be done return the reason, and copy nothing up.
pub fn uring_errors(b: &mut Builder) -> Steps {
    b.file("f", "0123456789");
    b.dir("d");
    steps(|r| {
        let mut ring = r.ring();
        let mut buffer = [0u8; 4];
        let reader = r.open("f", O_RDONLY);
        let writer = r.open("f", O_WRONLY);
        let path = r.open("f", O_PATH);
        let dir = r.open("d", O_RDONLY);
        for (fd, what) in [
            (reader.raw(), "reader"),
            (path.raw(), "path"),
            (dir.raw(), "directory"),
            (-1, "nothing"),
        ] {
            r.note(what);
            r.uring(&mut ring, vec![("write", Request::write(fd, b"x", 0))]);
            r.uring(&mut ring, vec![("sync", Request::fsync(fd, false))]);
            r.uring(
                &mut ring,
                vec![("allocate", Request::fallocate(fd, 0, 0, 9))],
            );
        }
        for (fd, what) in [(writer.raw(), "writer"), (dir.raw(), "directory")] {
            r.note(what);
            let request = Request::read(fd, &mut buffer, 0);
            r.uring(&mut ring, vec![("read", request)]);
        }
        r.uring(
            &mut ring,
            vec![
                ("nothing", Request::write(writer.raw(), b"", 0)),
                ("offset", Request::write(writer.raw(), b"x", i64::MIN)),
                ("number", Request::other(250, writer.raw())),
                (
                    "flag",
                    Request::write(writer.raw(), b"x", 0).flags(0x4000_0000),
                ),
            ],
        );
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

/// io_uring makes, renames, links and removes names in merged directories.
pub fn uring_names(b: &mut Builder) -> Steps {
    b.lower(0).file("d/lower", "text");
    b.file("d/gone", "text");
    b.file("d/moved", "text");
    b.dir("d/empty");
    b.upper().file("d/upper", "text");
    b.upper().whiteout("d/whited");
    steps(|r| {
        let mut ring = r.ring();
        let requests: Vec<(&str, Request<'_>)> = vec![
            ("mkdir", Request::mkdir("d/new")),
            ("mkdir of what is there", Request::mkdir("d/empty")),
            ("mkdir over a whiteout", Request::mkdir("d/whited")),
            ("symlink", Request::symlink("lower", "d/symlink")),
            ("link", Request::link("d/lower", "d/linked")),
            ("unlink of a lower file", Request::unlink("d/gone", 0)),
            ("unlink of a directory", Request::unlink("d/empty", 0)),
            ("rmdir", Request::unlink("d/empty", libc::AT_REMOVEDIR)),
            (
                "rmdir of a full one",
                Request::unlink("d", libc::AT_REMOVEDIR),
            ),
            (
                "rename of a lower file",
                Request::rename("d/moved", "d/new/here", 0),
            ),
            (
                "rename onto what is there",
                Request::rename("d/upper", "d/lower", RENAME_NOREPLACE),
            ),
            (
                "exchange",
                Request::rename("d/upper", "d/lower", RENAME_EXCHANGE),
            ),
            ("rename of nothing", Request::rename("d/none", "d/some", 0)),
        ];
        // One at a time: requests submitted together are done in any order.
        for request in requests {
            r.uring(&mut ring, vec![request]);
        }
        r.ls("d");
        r.ls("d/new");
        r.readlink("d/symlink");
    })
    .whiteout("d/gone")
    .whiteout("d/empty")
    .whiteout("d/moved")
    .opaque("d/whited")
    .not_on(
        shape::ROTATE,
        "the names of a lower file part when one of them is copied up",
    )
}

/// io_uring opens, looks at and closes files of all layers with the answers of open and stat.
pub fn uring_open_close(b: &mut Builder) -> Steps {
    b.file("lower", "0123456789").mode(0o640).owner(3, 4);
    b.dir("d");
    b.symlink("link", "lower");
    b.lower(0).file("hidden", "text");
    b.upper().file("upper", "text");
    b.upper().whiteout("hidden");
    steps(|r| {
        let mut ring = r.ring();
        for (path, flags) in [
            ("lower", O_RDONLY),
            ("link", O_RDONLY | O_NOFOLLOW),
            ("hidden", O_RDONLY),
            ("hidden", O_WRONLY | O_CREAT | O_EXCL),
            ("d", O_WRONLY),
            ("lower", O_WRONLY | O_CREAT | O_EXCL),
            ("upper", O_WRONLY | O_TRUNC),
            ("lower", O_WRONLY | O_TRUNC),
            ("d/new", O_RDWR | O_CREAT),
        ] {
            let fd = r.uring_open(&mut ring, path, flags);
            r.fstat(fd);
            r.uring(&mut ring, vec![("close", Request::close(fd.raw()))]);
            r.close(fd);
        }
        for path in ["lower", "d", "link", "hidden", "upper", "none"] {
            let mut stat = sys::statx_buffer();
            let request = Request::statx(path, &mut stat);
            r.uring(&mut ring, vec![("statx", request)]);
            r.note(format_args!(
                "{path}: {:06o} {}:{}",
                stat.stx_mode, stat.stx_uid, stat.stx_gid
            ));
        }
    })
}

/// io_uring reads lower files, and its first write copies one up.
pub fn uring_read_write(b: &mut Builder) -> Steps {
    b.file("f", "0123456789");
    b.upper().file("upper", "0123456789");
    steps(|r| {
        let mut ring = r.ring();
        let mut buffer = [0u8; 8];
        for path in ["f", "upper"] {
            let old = r.open(path, O_RDONLY);
            let fd = r.open(path, O_RDWR);
            r.uring(
                &mut ring,
                vec![("read", Request::read(old.raw(), &mut buffer, 6))],
            );
            r.bytes("read", &buffer);
            r.uring(
                &mut ring,
                vec![("write", Request::write(fd.raw(), b"ab", 2))],
            );
            // An offset of -1 is the position of the file, which moves.
            r.uring(
                &mut ring,
                vec![("write at the position", Request::write(fd.raw(), b"cd", -1))],
            );
            r.lseek(fd, 0, SEEK_CUR);
            r.uring(
                &mut ring,
                vec![(
                    "read at the position",
                    Request::read(old.raw(), &mut buffer, -1),
                )],
            );
            r.bytes("read", &buffer);
            r.lseek(old, 0, SEEK_CUR);
            r.uring(
                &mut ring,
                vec![
                    ("sync", Request::fsync(fd.raw(), false)),
                    ("data sync", Request::fsync(old.raw(), true)),
                    ("range sync", Request::sync_file_range(old.raw())),
                    (
                        "append",
                        Request::write(fd.raw(), b"end", 0).flags(libc::RWF_APPEND),
                    ),
                    ("nop", Request::nop()),
                ],
            );
            r.all_see(&[old, fd]);
        }
    })
    .in_upper("f")
}

/// Files and memory registered with io_uring before the copy-up show the file after it.
pub fn uring_registered(b: &mut Builder) -> Steps {
    b.file("f", "0123456789");
    b.file("deleted", "0123456789");
    steps(|r| {
        let mut ring = r.ring();
        let reader = r.open("f", O_RDONLY);
        let writer = r.open("f", O_RDWR);
        let deleted = r.open("deleted", O_RDWR);
        if let Some(ring) = &mut ring {
            let files = [reader.raw(), writer.raw(), deleted.raw(), -1];
            r.done("register files", ring.register_files(&files));
            let buffers = vec![vec![b'w'; 4096], vec![0; 16]];
            r.done("register buffers", ring.register_buffers(buffers));
        }
        // The ring holds them; the descriptors can be closed.
        for fd in [reader, writer, deleted] {
            r.close(fd);
        }
        let read = |r: &mut Run<'_>, ring: &mut Option<Ring>, file| {
            let request = Request::read_fixed(file, 1, 16, 0).on_registered();
            r.uring(ring, vec![("read", request)]);
            if let Some(ring) = ring {
                r.bytes("read", ring.buffer(1));
            }
        };
        read(r, &mut ring, 0);
        r.uring(
            &mut ring,
            vec![("write", Request::write_fixed(1, 0, 3, 2).on_registered())],
        );
        read(r, &mut ring, 0);
        r.unlink("deleted");
        r.uring(
            &mut ring,
            vec![("write", Request::write(2, b"gone", 8).on_registered())],
        );
        read(r, &mut ring, 2);
        r.uring(
            &mut ring,
            vec![("open", Request::open("f", O_RDWR).into_registered(3))],
        );
        read(r, &mut ring, 3);
        r.uring(
            &mut ring,
            vec![
                (
                    "write to a reader",
                    Request::write(0, b"x", 0).on_registered(),
                ),
                (
                    "buffer that is none",
                    Request::read_fixed(0, 9, 4, 0).on_registered(),
                ),
                (
                    "too much for the buffer",
                    Request::read_fixed(0, 1, 64, 0).on_registered(),
                ),
                (
                    "file that is none",
                    Request::write(9, b"x", 0).on_registered(),
                ),
            ],
        );
        r.cat("f");
    })
    .in_upper("f")
    .whiteout("deleted")
}

/// io_uring allocates, truncates, advises and punches holes as the calls of these names do.
pub fn uring_space(b: &mut Builder) -> Steps {
    b.file("lower", vec![b'x'; 20_000]);
    b.file("advised", vec![b'x'; 20_000]);
    b.upper().file("upper", vec![b'x'; 20_000]);
    steps(|r| {
        let mut ring = r.ring();
        let punch = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
        for path in ["lower", "upper"] {
            let old = r.open(path, O_RDONLY);
            let fd = r.open(path, O_RDWR);
            let requests: Vec<(&str, Request<'_>)> = vec![
                ("punch", Request::fallocate(fd.raw(), punch, 4096, 8192)),
                ("allocate", Request::fallocate(fd.raw(), 0, 0, 30_000)),
                (
                    "allocate too much",
                    Request::fallocate(fd.raw(), 0, i64::MAX, 1),
                ),
                ("by a reader", Request::fallocate(old.raw(), 0, 0, 1)),
                ("cut by a reader", Request::ftruncate(old.raw(), 1)),
                ("cut", Request::ftruncate(fd.raw(), 10_000)),
                ("cut to less than nothing", Request::ftruncate(fd.raw(), -1)),
            ];
            for request in requests {
                r.uring(&mut ring, vec![request]);
                r.all_see(&[old, fd]);
            }
        }
        let advised = r.open("advised", O_RDONLY);
        for advice in 0..7 {
            let request = Request::fadvise(advised.raw(), advice);
            r.uring(&mut ring, vec![("advice", request)]);
        }
    })
    .absent("advised")
}

/// io_uring splices out of lower files and into them.
pub fn uring_splice(b: &mut Builder) -> Steps {
    b.file("from", "0123456789");
    b.file("to", "..........");
    steps(|r| {
        let mut ring = r.ring();
        let from = r.open("from", O_RDONLY);
        let to = r.open("to", O_RDWR);
        let (reader, writer) = r.pipe();
        for (at, to_at) in [(2, 5), (-1, -1), (8, 20), (10, 0)] {
            let request = Request::splice(from.raw(), at, writer.raw(), -1, 4);
            r.uring(&mut ring, vec![("out of the file", request)]);
            r.lseek(from, 0, SEEK_CUR);
            if at == 10 {
                // Nothing was spliced into the pipe, so the other side would wait.
                continue;
            }
            let request = Request::splice(reader.raw(), -1, to.raw(), to_at, 4);
            r.uring(&mut ring, vec![("into the file", request)]);
            r.lseek(to, 0, SEEK_CUR);
            r.pread(to, 100, 0);
        }
        let request = Request::splice(from.raw(), 0, to.raw(), 0, 4);
        r.uring(&mut ring, vec![("without a pipe", request)]);
    })
    .absent("from")
    .in_upper("to")
}

/// Worker threads of io_uring copy files up, several at a time.
pub fn uring_worker(b: &mut Builder) -> Steps {
    for number in 0..8 {
        b.file(&format!("d/f{number}"), vec![b'x'; 100_000]);
    }
    b.file("one", vec![b'.'; 100_000]);
    b.lower(0).file("hidden/f", "below");
    b.upper().dir("hidden");
    steps(|r| {
        let mut ring = r.ring();
        let files: Vec<_> = (0..8).map(|n| r.open(&format!("d/f{n}"), O_RDWR)).collect();
        let writes = files
            .iter()
            .map(|fd| {
                (
                    "write",
                    Request::write(fd.raw(), b"text", 50_000).in_worker(),
                )
            })
            .collect();
        r.uring(&mut ring, writes);
        for fd in files {
            r.pread(fd, 10, 49_998);
        }
        // All of these wait for one copy-up.
        let one: Vec<_> = (0..8).map(|_| r.open("one", O_RDWR)).collect();
        let writes = one
            .iter()
            .enumerate()
            .map(|(n, fd)| {
                let at = n as i64 * 10_000;
                ("write", Request::write(fd.raw(), b"text", at).in_worker())
            })
            .collect();
        r.uring(&mut ring, writes);
        r.all_see(&one);
        let hidden = r.open("hidden/f", O_RDWR);
        r.uring(
            &mut ring,
            vec![(
                "allocate",
                Request::fallocate(hidden.raw(), 0, 0, 100).in_worker(),
            )],
        );
        r.stat("hidden/f");
    })
    .in_upper("d/f7")
    .in_upper("hidden/f")
}

/// io_uring reads attributes without a copy-up and sets them with one.
pub fn uring_xattr(b: &mut Builder) -> Steps {
    b.file("read", "text").xattr("user.a", b"value");
    b.file("set", "text").xattr("user.a", b"value");
    b.dir("d");
    steps(|r| {
        let mut ring = r.ring();
        for name in ["user.a", "user.none", "trusted.overlay.opaque"] {
            let mut buffer = [0u8; 16];
            let request = Request::getxattr("read", name, &mut buffer);
            r.uring(&mut ring, vec![("getxattr", request)]);
            r.bytes(name, &buffer);
        }
        for path in ["set", "d", "none"] {
            let request = Request::setxattr(path, "user.a", b"another");
            r.uring(&mut ring, vec![("setxattr", request)]);
            r.getxattr(path, "user.a");
        }
    })
    .upper_is(&["d", "set"])
}
