// SPDX-License-Identifier: GPL-2.0-only
//! Permission to open, and the rights of a descriptor.

use crate::prelude::*;

/// access checks the real user, faccessat with AT_EACCESS the effective one.
pub fn perm_access_ids(b: &mut Builder) -> Steps {
    in_places(b, |b, place| {
        b.file(&format!("{place}/his"), "text")
            .mode(0o600)
            .owner(1000, 1000);
        b.file(&format!("{place}/roots"), "text").mode(0o700);
        b.dir(&format!("{place}/dir")).mode(0o710);
        b.file(&format!("{place}/dir/f"), "text").mode(0o444);
    });
    steps(|r| {
        let try_all = |r: &mut Run| {
            for place in PLACES {
                for name in ["his", "roots", "dir/f", "none"] {
                    let path = format!("{place}/{name}");
                    for mode in [F_OK, R_OK, W_OK, X_OK] {
                        r.access_real(&path, mode);
                        r.access(&path, mode);
                    }
                }
            }
        };
        // Effective user 1000, real user root.
        r.as_who(OWNER, try_all);
        r.in_child(|r| {
            sys::set_real_user(1000).expect("root may");
            try_all(r);
        });
    })
    .upper_gained(&[])
}

/// A descriptor has the rights it was opened with, root's too; refused calls copy nothing.
pub fn perm_fd_modes(b: &mut Builder) -> Steps {
    b.file("source", "source");
    in_places(b, |b, place| {
        b.file(&format!("{place}/file"), "text").mode(0o666);
    });
    steps(|r| {
        for place in PLACES {
            let path = format!("{place}/file");
            let source = r.open("source", O_RDONLY);
            for flags in [O_RDONLY, O_PATH] {
                let fd = r.open(&path, flags);
                r.write(fd, "T");
                r.pwrite(fd, "T", 0);
                r.ftruncate(fd, 0);
                r.fallocate(fd, 0, 0, 100);
                r.copy_file_range(source, 0, fd, 0, 4);
                r.ficlone(fd, source);
                r.sendfile(fd, source, 4);
                r.splice(source, fd, 4);
                r.mmap(fd, 4, PROT_READ | PROT_WRITE, MAP_SHARED);
                r.posix_lock(fd, F_WRLCK, 0, 0);
                if flags == O_PATH {
                    r.read(fd, 4);
                    r.fchmod(fd, 0o600);
                    r.fchown(fd, 1000, 1000);
                    r.fsetxattr(fd, "user.a", "1");
                    r.futimens(fd, (5, 5));
                    r.flock(fd, LOCK_EX);
                    r.fsync(fd);
                }
                r.close(fd);
            }
            let fd = r.open(&path, O_WRONLY);
            r.read(fd, 4);
            r.mmap(fd, 4, PROT_READ, MAP_PRIVATE);
            r.copy_file_range(fd, 0, source, 0, 4);
            r.posix_lock(fd, F_RDLCK, 0, 0);
            r.close(fd);
            // copy_file_range refuses files opened with O_APPEND.
            let fd = r.open(&path, O_WRONLY | O_APPEND);
            r.copy_file_range(source, 0, fd, 0, 4);
            r.close(fd);
            let dir = r.open(place, O_RDONLY | O_DIRECTORY);
            r.write(dir, "T");
            r.ftruncate(dir, 0);
            r.fallocate(dir, 0, 0, 100);
        }
    })
    .upper_gained(&[])
}

/// A descriptor passed to a lesser user carries the right to the data, not to the attributes.
pub fn perm_fd_passed(b: &mut Builder) -> Steps {
    in_places(b, |b, place| {
        b.file(&format!("{place}/data"), "text").mode(0o600);
        b.file(&format!("{place}/attributes"), "text").mode(0o600);
        b.dir(&format!("{place}/shut")).mode(0o700);
        b.file(&format!("{place}/shut/f"), "text").mode(0o666);
        b.dir(&format!("{place}/all")).mode(0o777);
    });
    steps(|r| {
        for place in PLACES {
            let data = r.open(&format!("{place}/data"), O_RDWR);
            let attributes = r.open(&format!("{place}/attributes"), O_RDWR);
            let dir = r.open(&format!("{place}/shut"), O_RDONLY | O_DIRECTORY);
            r.as_who(OTHER, |r| {
                r.read(data, 4);
                r.write(data, "more");
                r.ftruncate(data, 6);
                r.fchmod(attributes, 0o666);
                r.fchown(attributes, 1002, 1002);
                r.futimens(attributes, (5, 5));
                r.fsetxattr(attributes, "user.a", "1");
                let now = (0, libc::UTIME_NOW);
                r.done("futimens now", sys::futimens(attributes.raw(), now, now));
                // The name in /proc leads to the file, and its mode is checked again.
                let again = format!("/proc/self/fd/{}", attributes.raw());
                for flags in [O_RDONLY, O_RDWR, O_RDONLY | O_TRUNC] {
                    let result = sys::open(&again, flags, 0).and_then(sys::close);
                    r.done("open again", result);
                }
                r.done(
                    "link again",
                    sys::link(&again, format!("{place}/all/link"), AT_SYMLINK_FOLLOW),
                );
                r.open_at(dir, "f", O_RDONLY);
                r.open_at(dir, "new", O_WRONLY | O_CREAT);
                r.done("fchdir", sys::fchdir(dir.raw()));
                let entries = sys::getdents(dir.raw(), 4096).map(|list| list.len());
                r.call("getdents", entries);
            });
        }
    })
    .upper_gained(&["lower", "lower/data", "merged/data"])
}

/// Locks, leases and watches need a descriptor or the right to read, and copy nothing.
pub fn perm_locks_read_only(b: &mut Builder) -> Steps {
    in_places(b, |b, place| {
        for (name, mode) in [("read", 0o444), ("write", 0o222), ("none", 0o000)] {
            b.file(&format!("{place}/{name}"), "text")
                .mode(mode)
                .owner(1000, 500);
        }
    });
    steps(|r| {
        r.each_user(|r, _| {
            for place in PLACES {
                for name in ["read", "write", "none"] {
                    let path = format!("{place}/{name}");
                    let fd = r.open(&path, if name == "write" { O_WRONLY } else { O_RDONLY });
                    r.flock(fd, LOCK_EX | LOCK_NB);
                    r.flock(fd, LOCK_UN);
                    r.posix_lock(fd, F_RDLCK, 0, 1);
                    r.posix_lock(fd, F_WRLCK, 0, 1);
                    r.ofd_lock(fd, F_RDLCK, 0, 1);
                    r.ofd_lock(fd, F_WRLCK, 0, 1);
                    r.set_lease(fd, F_RDLCK);
                    r.fsync(fd);
                    r.fadvise(fd, libc::POSIX_FADV_WILLNEED);
                    if fd.raw() >= 0 {
                        r.close(fd);
                    }
                    let watch = sys::inotify(&path, libc::IN_MODIFY).and_then(sys::close);
                    r.done(format_args!("inotify({path})"), watch);
                }
            }
        });
    })
    .upper_gained(&[])
}

/// Mode bits decide about opening a file, and opening copies nothing.
pub fn perm_open_modes(b: &mut Builder) -> Steps {
    // The last ones: the first class that fits decides, even if a later one would allow more.
    const MODES: [u32; 9] = [
        0o600, 0o400, 0o200, 0o060, 0o640, 0o006, 0o604, 0o066, 0o606,
    ];
    in_places(b, |b, place| {
        for mode in MODES {
            b.file(&format!("{place}/{mode:03o}"), "text")
                .mode(mode)
                .owner(1000, 500);
        }
    });
    steps(|r| {
        r.each_user(|r, _| {
            for place in PLACES {
                for mode in MODES {
                    let name = format!("{place}/{mode:03o}");
                    r.try_open(&name, O_RDONLY);
                    r.try_open(&name, O_WRONLY);
                    r.try_open(&name, O_RDWR | O_APPEND);
                    r.try_open(&name, O_PATH);
                    r.try_open(&name, O_RDONLY | O_DIRECTORY);
                }
            }
        });
    })
    .upper_gained(&[])
}

/// O_TRUNC truncates and copies a file only for users who may write it.
pub fn perm_open_truncate(b: &mut Builder) -> Steps {
    const MODES: [u32; 4] = [0o640, 0o604, 0o464, 0o446];
    in_places(b, |b, place| {
        for who in USERS {
            for mode in MODES {
                b.file(&format!("{place}/{}.{mode:03o}", who.name), "text")
                    .mode(mode)
                    .owner(1000, 500);
            }
        }
    });
    steps(|r| {
        r.each_user(|r, who| {
            for place in PLACES {
                for mode in MODES {
                    let name = format!("{place}/{}.{mode:03o}", who.name);
                    // Reading would be permitted in many cases; truncation needs the right to write.
                    r.try_open(&name, O_RDONLY | O_TRUNC);
                    r.stat(&name);
                }
            }
        });
    })
    .layers(|l| {
        let copies = [
            "lower",
            "lower/owner.640",
            "lower/owner.604",
            "lower/member.464",
            "lower/other.446",
            "merged/owner.640",
            "merged/owner.604",
            "merged/member.464",
            "merged/other.446",
        ];
        l.upper_gained(&copies)
    })
}

/// Rights are checked at open: descriptors still work after the mode of the file changes, its path does not.
pub fn perm_revoked_fd(b: &mut Builder) -> Steps {
    in_places(b, |b, place| {
        b.file(&format!("{place}/f"), "text").mode(0o666);
    });
    steps(|r| {
        for place in PLACES {
            let path = format!("{place}/f");
            let mut fds = Vec::new();
            r.as_who(OTHER, |r| {
                fds.push(r.open(&path, O_RDWR));
                fds.push(r.open(&path, O_RDWR));
            });
            r.chmod(&path, 0o600);
            r.as_who(OTHER, |r| {
                r.pwrite(fds[0], "T", 0);
                r.pread(fds[0], 10, 0);
                let map = r.mmap(fds[1], 4, PROT_READ | PROT_WRITE, MAP_SHARED);
                r.mapped("shut", &map);
                r.ftruncate(fds[1], 2);
                r.fallocate(fds[1], 0, 0, 6);
                r.fchmod(fds[1], 0o666);
                r.try_open(&path, O_RDONLY);
                let now = (0, libc::UTIME_NOW);
                r.done("futimens now", sys::futimens(fds[0].raw(), now, now));
            });
            r.unlink(&path);
            r.as_who(OTHER, |r| r.pwrite(fds[0], "gone", 2));
            r.pread(fds[1], 10, 0);
        }
    })
    .whiteout("lower/f")
}

/// connect needs the right to write the socket, in any layer.
pub fn perm_socket_connect(b: &mut Builder) -> Steps {
    const MODES: [u32; 5] = [0o600, 0o400, 0o200, 0o020, 0o606];
    in_places(b, |b, place| {
        for mode in MODES {
            b.socket(&format!("{place}/{mode:03o}"))
                .mode(mode)
                .owner(1000, 500);
        }
    });
    steps(|r| {
        let sockets = |place: &str| MODES.map(|mode| format!("{place}/{mode:03o}"));
        // There is no listener: a permitted connect fails with ECONNREFUSED.
        r.each_user(|r, _| {
            for place in PLACES {
                for path in sockets(place) {
                    r.connect(&path);
                    r.try_open(&path, O_RDWR);
                    r.bind(&path);
                }
            }
        });
        for path in sockets("merged") {
            r.chmod(&path, 0o602);
        }
        r.each_user(|r, _| {
            for path in sockets("merged") {
                r.connect(&path);
            }
        });
    })
    .in_upper("merged/600")
    .absent("lower")
}

/// Their modes decide on opening and writing devices and FIFOs, which are not copied.
pub fn perm_special_open(b: &mut Builder) -> Steps {
    const MODES: [u32; 4] = [0o640, 0o606, 0o020, 0o000];
    in_places(b, |b, place| {
        for mode in MODES {
            b.char_device(&format!("{place}/null{mode:03o}"), 1, 3)
                .mode(mode)
                .owner(1000, 500);
            b.fifo(&format!("{place}/fifo{mode:03o}"))
                .mode(mode)
                .owner(1000, 500);
        }
        // A nonexistent device: the permission is checked first.
        b.char_device(&format!("{place}/nothing"), 240, 77)
            .mode(0o600);
    });
    steps(|r| {
        r.each_user(|r, _| {
            for place in PLACES {
                for mode in MODES {
                    let null = format!("{place}/null{mode:03o}");
                    r.cat(&null);
                    r.put(&null, O_WRONLY, "x");
                    r.try_open(&null, O_RDWR | O_TRUNC);
                    let fifo = format!("{place}/fifo{mode:03o}");
                    r.try_open(&fifo, O_RDONLY | libc::O_NONBLOCK);
                    r.try_open(&fifo, O_RDWR);
                    r.chmod(&null, 0o666);
                }
                r.try_open(&format!("{place}/nothing"), O_RDONLY);
            }
        });
    })
    .absent("lower/nothing")
    .absent("lower/fifo606")
    .in_upper("lower/null640")
}

/// truncate needs the right to write, ftruncate a descriptor that has it.
pub fn perm_truncate(b: &mut Builder) -> Steps {
    const MODES: [u32; 5] = [0o600, 0o300, 0o020, 0o562, 0o444];
    in_places(b, |b, place| {
        for who in USERS {
            for mode in MODES {
                b.file(&format!("{place}/{}.{mode:03o}", who.name), "text")
                    .mode(mode)
                    .owner(1000, 500);
            }
        }
    });
    steps(|r| {
        r.each_user(|r, who| {
            for place in PLACES {
                for mode in MODES {
                    let path = format!("{place}/{}.{mode:03o}", who.name);
                    let fd = r.open(&path, O_RDONLY);
                    r.ftruncate(fd, 1);
                    r.truncate(&path, 2);
                    r.truncate(&path, -1);
                    r.truncate(&path, 6);
                }
                r.truncate(place, 0);
            }
        });
    })
    .layers(|l| {
        let added = [
            "lower",
            "lower/owner.600",
            "lower/owner.300",
            "lower/member.020",
            "lower/member.562",
            "merged/member.562",
            "lower/other.562",
            "merged/owner.600",
            "merged/owner.300",
            "merged/member.020",
            "merged/other.562",
        ];
        l.upper_gained(&added)
    })
}

/// Attributes change through a descriptor opened for reading.
pub fn read_only_fd_changes(b: &mut Builder) -> Steps {
    b.file("f", "text");
    steps(|r| {
        let fd = r.open("f", O_RDONLY);
        r.fchmod(fd, 0o400);
        r.fstat(fd);
        r.fchown(fd, 10, 11);
        r.fstat(fd);
        r.fsetxattr(fd, "user.k", "v");
        r.futimens(fd, (1_111_111_111, 222_222_222));
        r.fstat(fd);
        r.close(fd);
        r.stat("f");
        r.getxattr("f", "user.k");
    })
    .in_upper("f")
}
