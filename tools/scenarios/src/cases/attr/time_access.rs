// SPDX-License-Identifier: GPL-2.0-only
//! Times of access.

use crate::prelude::*;

/// noatime, nodiratime, relatime and strictatime of the union's mount decide about access times.
pub fn time_access_modes(b: &mut Builder) -> Steps {
    b.upper().file("f", "text");
    b.dir("d");
    b.file("d/x", "x");
    b.symlink("l", "f");
    steps(|r| {
        for (word, flags) in [
            ("noatime", libc::MS_NOATIME),
            ("nodiratime", libc::MS_NODIRATIME | libc::MS_RELATIME),
            ("relatime", libc::MS_RELATIME),
            ("strictatime", libc::MS_STRICTATIME),
        ] {
            r.in_child(|r| {
                r.done(word, sys::bind_here(flags));
                for name in ["f", "d", "l"] {
                    r.utimens(name, (1_000_000_000, 5));
                }
                // The second round tells relatime from strictatime.
                for _ in 0..2 {
                    r.touched(&["f", "d", "l"], |r| {
                        r.cat("f");
                        r.ls("d");
                        r.readlink("l");
                    });
                }
            });
        }
    })
}

/// O_NOATIME is for owners, and a file that is read with it keeps its access time.
pub fn time_access_opens(b: &mut Builder) -> Steps {
    b.lower(0).file("low", "text").mode(0o644).owner(1000, 1000);
    b.file("others", "text");
    b.upper().file("upper", "text").owner(1000, 1000);
    b.dir("dir").owner(1000, 1000);
    b.file("dir/x", "x");
    steps(|r| {
        for name in ["upper", "dir"] {
            r.utimens(name, (1_000_000_000, 5));
        }
        r.as_user(1000, 1000, |r| {
            r.open("others", O_RDONLY | libc::O_NOATIME);
            r.open("low", O_RDONLY | libc::O_NOATIME);
            r.touched(&["upper"], |r| {
                let fd = r.open("upper", O_RDONLY | libc::O_NOATIME);
                r.read(fd, 4);
                r.done(
                    "reading it again with access times",
                    sys::set_status_flags(fd.raw(), 0, libc::O_NOATIME),
                );
            });
            r.touched(&["dir"], |r| {
                let fd = r.open("dir", O_RDONLY | libc::O_NOATIME);
                let count = sys::getdents(fd.raw(), 4096).map(|list| list.len());
                r.call("getdents", count);
            });
            let fd = r.open("others", O_RDONLY);
            r.done(
                "O_NOATIME of another's file",
                sys::set_status_flags(fd.raw(), libc::O_NOATIME, libc::O_NOATIME),
            );
            r.touched(&["upper"], |r| {
                r.cat("upper");
            });
        });
    })
    .not_on(shape::ROTATE, shape::READ_UNSEEN)
}

/// Every way to read a file of the upper layer updates its access time; calls that read no data do not.
pub fn time_of_access(b: &mut Builder) -> Steps {
    b.upper().file("f", "#!/none\n");
    b.file("to", "");
    b.symlink("l", "f");
    b.dir("d");
    steps(|r| {
        let ways: [fn(&mut Run); 11] = [
            |r| {
                r.cat("f");
            },
            |r| {
                r.cat("l");
            },
            |r| {
                let fd = r.open("f", O_RDONLY);
                r.pread(fd, 1, 3);
                r.close(fd);
            },
            |r| {
                let fd = r.open("f", O_RDONLY);
                let map = r.mmap(fd, 4, PROT_READ, MAP_PRIVATE);
                r.mapped("the mapping", &map);
            },
            |r| {
                let (from, to) = (r.open("f", O_RDONLY), r.open("to", O_WRONLY));
                r.sendfile(to, from, 4);
            },
            |r| {
                let (from, to) = (r.open("f", O_RDONLY), r.open("to", O_WRONLY));
                r.splice(from, to, 4);
            },
            |r| {
                r.access("f", R_OK);
                r.stat("l");
                r.listxattr("f");
            },
            |r| r.readlink("l"),
            |r| r.ls("d"),
            |r| {
                let fd = r.open("f", O_RDONLY);
                r.lseek(fd, 0, SEEK_DATA);
            },
            |r| {
                let fd = r.open("f", O_PATH);
                r.fstat(fd);
            },
        ];
        for way in ways {
            for name in ["f", "l", "d", "to"] {
                r.utimens(name, (1_000_000_000, 5));
            }
            r.touched(&["f", "l", "d"], way);
        }
    })
    .not_on(shape::ROTATE, shape::READ_UNSEEN)
}

/// Data through a named pipe updates its times.
pub fn time_of_fifo(b: &mut Builder) -> Steps {
    b.upper().fifo("upper");
    steps(|r| {
        r.mkfifo("new", 0o600);
        for name in ["upper", "new"] {
            r.utimens(name, (1_000_000_000, 5));
            let fd = r.open(name, O_RDWR);
            r.touched(&[name], |r| r.write(fd, "through"));
            r.touched(&[name], |r| {
                r.read(fd, 7);
            });
        }
    })
    .not_on(shape::ROTATE, "a pipe of a lower layer keeps its times")
}

/// The first read after a write through a mapping is one that relatime records, however it reads.
pub fn time_of_read_after_mapped_write(b: &mut Builder) -> Steps {
    b.file("low", vec![b'x'; PAGE]);
    b.upper().file("upper", vec![b'x'; PAGE]);
    steps(|r| {
        r.in_child(|r| {
            r.done("relatime", sys::bind_here(libc::MS_RELATIME));
            for name in ["low", "upper"] {
                let fd = r.open(name, O_RDWR);
                let map = r.map(fd, PAGE, PROT_RW, MAP_SHARED);
                for way in ["read", "mmap", "sendfile"] {
                    r.touched(&[name], |r| {
                        r.store(map, 0, way);
                        r.done("msync", map.sync(MS_SYNC));
                    });
                    // The second time, nothing has been written in between.
                    for _ in 0..2 {
                        r.touched(&[name], |r| match way {
                            "read" => drop(r.cat(name)),
                            "mmap" => {
                                let reader = r.open(name, O_RDONLY);
                                r.map(reader, PAGE, PROT_READ, MAP_SHARED);
                                r.close(reader);
                            }
                            _ => {
                                let reader = r.open(name, O_RDONLY);
                                let sink = r.open("sink", O_RDWR | O_CREAT);
                                r.sendfile(sink, reader, 10);
                                r.close(reader);
                                r.close(sink);
                            }
                        });
                    }
                }
            }
        });
    })
}
