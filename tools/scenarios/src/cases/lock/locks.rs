// SPDX-License-Identifier: GPL-2.0-only
//! flock(2) and record locks.

use crate::prelude::*;

/// flock conflicts between open files, not between names or processes.
pub fn flock(b: &mut Builder) -> Steps {
    b.file("f", "text");
    steps(|r| {
        let one = r.open("f", O_RDONLY);
        let two = r.open("f", O_RDONLY);
        r.flock(one, LOCK_EX | LOCK_NB);
        r.flock(two, LOCK_SH | LOCK_NB);
        r.flock(one, LOCK_UN);
        r.flock(two, LOCK_SH | LOCK_NB);
        r.flock(one, LOCK_SH | LOCK_NB);
        r.flock(one, LOCK_EX | LOCK_NB);
        r.close(two);
        r.flock(one, LOCK_EX | LOCK_NB);
    })
    .upper_is(&[])
}

/// Locks of every kind hold against files opened later, whichever call copied the file up in between.
pub fn lock_across_copy_up(b: &mut Builder) -> Steps {
    for name in [
        "write", "chmod", "utimes", "setxattr", "cut", "link", "rename", "mmap",
    ] {
        b.file(name, vec![b'.'; 100]);
    }
    steps(|r| {
        for name in [
            "write", "chmod", "utimes", "setxattr", "cut", "link", "rename", "mmap",
        ] {
            let holder = r.open(name, O_RDWR);
            let early = r.open(name, O_RDWR);
            r.posix_lock(holder, F_WRLCK, 0, 10);
            r.ofd_lock(holder, F_RDLCK, 20, 10);
            r.flock(holder, LOCK_SH | LOCK_NB);
            match name {
                "write" => r.put(name, O_WRONLY, "w"),
                "chmod" => r.chmod(name, 0o600),
                "utimes" => r.utimens(name, (5, 6)),
                "setxattr" => r.setxattr(name, "user.a", "1"),
                "cut" => r.truncate(name, 50),
                "link" => r.link(name, "second"),
                "rename" => r.rename(name, "renamed"),
                _ => r.map(early, 100, PROT_RW, MAP_SHARED).length() > 0,
            };
            r.in_child(|r| {
                let now = if name == "rename" { "renamed" } else { name };
                for fd in [early, r.open(now, O_RDWR)] {
                    let asked = sys::Range::new(F_WRLCK, 0, 10);
                    let holder = r.who_locks(fd, libc::F_GETLK, asked);
                    r.expect(
                        "it is the parent's",
                        holder == std::os::unix::process::parent_id() as i32,
                    );
                    let asked = sys::Range::new(F_WRLCK, 15, 0);
                    let holder = r.who_locks(fd, libc::F_OFD_GETLK, asked);
                    r.expect("it is an open file's", holder == -1);
                    r.posix_lock(fd, F_RDLCK, 9, 1);
                    r.ofd_lock(fd, F_WRLCK, 29, 1);
                    r.flock(fd, LOCK_EX | LOCK_NB);
                    r.flock(fd, LOCK_SH | LOCK_NB);
                }
            });
        }
    })
    .in_upper("mmap")
}

/// Closing any descriptor of a file drops the process's record locks on it, and no other lock.
pub fn lock_closed(b: &mut Builder) -> Steps {
    b.file("lower", vec![b'.'; 100]);
    b.file("copied", vec![b'.'; 100]);
    b.upper().file("upper", vec![b'.'; 100]);
    steps(|r| {
        for name in ["lower", "copied", "upper"] {
            let fd = r.open(name, O_RDWR);
            let before = r.open(name, O_RDONLY);
            r.posix_lock(fd, F_WRLCK, 0, 10);
            r.ofd_lock(fd, F_WRLCK, 20, 10);
            r.flock(fd, LOCK_EX | LOCK_NB);
            if name == "copied" {
                r.chmod(name, 0o600);
            }
            // The locks of the parent do not concern the child.
            r.in_child(|r| {
                r.close(before);
                r.locks_of_others(fd, 100);
            });
            r.close(before);
            r.in_child(|r| r.locks_of_others(fd, 100));
            r.posix_lock(fd, F_WRLCK, 0, 10);
            r.cat(name);
            r.in_child(|r| r.locks_of_others(fd, 100));
            let other = r.open(name, O_RDWR);
            r.flock(other, LOCK_EX | LOCK_NB);
            // A descriptor made by dup keeps what belongs to the open file.
            let copy = sys::fcntl(fd.raw(), libc::F_DUPFD_CLOEXEC, 0).unwrap_or(-1);
            r.close(fd);
            r.flock(other, LOCK_EX | LOCK_NB);
            r.ofd_lock(other, F_WRLCK, 20, 10);
            r.done("closing the last", sys::close(copy));
            r.flock(other, LOCK_EX | LOCK_NB);
            r.ofd_lock(other, F_WRLCK, 20, 10);
        }
    })
}

/// A deadlock of locks is reported (EDEADLK), over files of two layers.
pub fn lock_deadlock(b: &mut Builder) -> Steps {
    b.file("lower", vec![b'.'; 100]);
    b.upper().file("upper", vec![b'.'; 100]);
    steps(|r| {
        let lower = r.open("lower", O_RDWR);
        let upper = r.open("upper", O_RDWR);
        let all = sys::Range::new(F_WRLCK, 0, 0);
        r.record_lock(lower, libc::F_SETLK, all);
        r.with_peer(
            |r, turns| {
                r.record_lock(upper, libc::F_SETLK, all);
                turns.give();
                // No other task records until this one has the lock.
                let result = sys::record_lock(lower.raw(), libc::F_SETLKW, all);
                turns.take();
                r.done("the peer got the lock it waited for", result.map(drop));
            },
            |r, turns, pid| {
                turns.pass();
                r.await_blocked(pid);
                r.record_lock(upper, libc::F_SETLKW, all);
                r.posix_lock(lower, F_UNLCK, 0, 0);
                turns.pass();
            },
        );
        r.record_lock(upper, libc::F_SETLKW, all);
    })
    .upper_is(&["upper"])
}

/// Directories of all layers are locked with flock, and stay locked through copy-up.
pub fn lock_directories(b: &mut Builder) -> Steps {
    b.file("lower/a", "a");
    b.lower(0).file("merged/a", "a");
    b.lower(1).file("merged/b", "b");
    b.upper().file("merged/c", "c");
    b.dir("upper");
    steps(|r| {
        for name in ["lower", "merged", "upper"] {
            let fd = r.open(name, O_RDONLY | O_DIRECTORY);
            let early = r.open(name, O_RDONLY | O_DIRECTORY);
            r.flock(fd, LOCK_EX | LOCK_NB);
            r.flock(early, LOCK_SH | LOCK_NB);
            r.put(&format!("{name}/new"), O_WRONLY | O_CREAT, "new");
            r.flock(early, LOCK_SH | LOCK_NB);
            let late = r.open(name, O_RDONLY | O_DIRECTORY);
            r.flock(late, LOCK_SH | LOCK_NB);
            r.flock(fd, LOCK_SH | LOCK_NB);
            r.flock(early, LOCK_SH | LOCK_NB);
            r.flock(late, LOCK_SH | LOCK_NB);
        }
        // A removed directory and a new one of its name are two directories.
        let old = r.open("upper", O_RDONLY | O_DIRECTORY);
        r.unlink("upper/new");
        r.rmdir("upper");
        r.mkdir("upper");
        let new = r.open("upper", O_RDONLY | O_DIRECTORY);
        r.flock(new, LOCK_EX | LOCK_NB);
        r.flock(old, LOCK_EX | LOCK_NB);
    })
}

/// Waiting for a lock ends with EINTR when a signal is caught, and nothing is locked then.
pub fn lock_interrupted(b: &mut Builder) -> Steps {
    b.file("lower", vec![b'.'; 100]);
    b.upper().file("upper", vec![b'.'; 100]);
    steps(|r| {
        for name in ["lower", "upper"] {
            let fd = r.open(name, O_RDWR);
            r.posix_lock(fd, F_WRLCK, 10, 10);
            r.flock(fd, LOCK_SH);
            r.in_child(|r| {
                let fd = r.open(name, O_RDWR);
                let result = sys::alarm_every(std::time::Duration::from_millis(100));
                r.done("an alarm every 100 ms", result);
                for command in [libc::F_SETLKW, libc::F_OFD_SETLKW] {
                    r.record_lock(fd, command, sys::Range::new(F_WRLCK, 0, 15));
                    r.record_lock(fd, command, sys::Range::new(F_WRLCK, 0, 10));
                    r.record_lock(fd, command, sys::Range::new(F_UNLCK, 0, 0));
                }
                r.flock(fd, LOCK_EX);
                r.flock(fd, LOCK_SH);
            });
            r.in_child(|r| r.locks_of_others(fd, 100));
        }
    })
    .upper_is(&["upper"])
}

/// Locks stay with a process that executes a program of the union, and end with it.
pub fn lock_kept_by_exec(b: &mut Builder) -> Steps {
    b.file("f", vec![b'.'; 100]);
    b.file("prog", elf::waits()).mode(0o755);
    steps(|r| {
        let pid = process::background(|| {
            let fd = sys::open("f", O_RDWR, 0).expect("open");
            sys::fcntl(fd, libc::F_SETFD, 0).expect("F_SETFD");
            let range = sys::Range::new(F_WRLCK, 0, 10);
            sys::record_lock(fd, libc::F_SETLK, range).expect("F_SETLK");
            sys::flock(fd, LOCK_EX).expect("flock");
            // This one closes when the program begins.
            let other = sys::open("prog", O_RDONLY, 0).expect("open");
            sys::flock(other, LOCK_EX).expect("flock");
            let _ = process::exec("./prog", &["prog"]);
        })
        .expect("fork");
        let comm = format!("/proc/{pid}/comm");
        r.await_until("the program runs", || {
            std::fs::read(&comm).is_ok_and(|name| name == b"prog\n")
        });
        let fd = r.open("f", O_RDWR);
        let holder = r.who_locks(fd, libc::F_GETLK, sys::Range::new(F_RDLCK, 0, 0));
        r.expect("it is the program's", holder == pid);
        r.flock(fd, LOCK_SH | LOCK_NB);
        let prog = r.open("prog", O_RDONLY);
        // Locks of descriptors that exec(2) closes are released when the program begins to run.
        r.await_until("what closes at exec holds no lock", || {
            sys::flock(prog.raw(), LOCK_EX | LOCK_NB).is_ok()
        });
        process::kill(pid);
        r.note(format_args!("{:?}", process::wait(pid)));
        r.who_locks(fd, libc::F_GETLK, sys::Range::new(F_RDLCK, 0, 0));
        r.flock(fd, LOCK_SH | LOCK_NB);
    })
    .upper_is(&[])
}

/// Record locks of processes and of open files exclude each other, and neither excludes flock.
pub fn lock_kinds(b: &mut Builder) -> Steps {
    b.file("lower", vec![b'.'; 100]);
    b.upper().file("upper", vec![b'.'; 100]);
    steps(|r| {
        for name in ["lower", "upper"] {
            let one = r.open(name, O_RDWR);
            let two = r.open(name, O_RDWR);
            r.posix_lock(one, F_WRLCK, 0, 10);
            // Even of the same process, even through the same descriptor.
            r.ofd_lock(one, F_WRLCK, 0, 10);
            r.ofd_lock(two, F_RDLCK, 9, 1);
            r.ofd_lock(two, F_RDLCK, 10, 10);
            r.posix_lock(one, F_WRLCK, 15, 1);
            r.posix_lock(one, F_RDLCK, 15, 1);
            r.flock(two, LOCK_EX | LOCK_NB);
            r.flock(one, LOCK_SH | LOCK_NB);
            r.pwrite(one, "advice only", 0);
            // A child shares the open files, and may release their locks.
            r.in_child(|r| {
                r.posix_lock(two, F_UNLCK, 0, 0);
                r.ofd_lock(two, F_UNLCK, 0, 0);
                r.flock(two, LOCK_UN);
                r.locks_of_others(one, 100);
            });
            r.flock(one, LOCK_EX | LOCK_NB);
        }
    })
}

/// A lock belongs to the file: it holds under every link, moves with the name, and is not on a file that replaces it.
pub fn lock_names(b: &mut Builder) -> Steps {
    b.file("moved", "text");
    b.file("gone", "text");
    b.file("other", "text");
    b.upper().file("three", "text");
    b.link("four", "three");
    steps(|r| {
        let fd = r.open("three", O_RDONLY);
        r.flock(fd, LOCK_EX | LOCK_NB);
        r.posix_lock(fd, F_RDLCK, 0, 1);
        let fd = r.open("four", O_RDWR);
        r.flock(fd, LOCK_EX | LOCK_NB);
        r.in_child(|r| r.locks_of_others(fd, 10));
        let fd = r.open("moved", O_RDWR);
        r.flock(fd, LOCK_EX | LOCK_NB);
        r.rename("moved", "new");
        let again = r.open("new", O_RDWR);
        r.flock(again, LOCK_EX | LOCK_NB);
        r.link("new", "linked");
        let again = r.open("linked", O_RDWR);
        r.flock(again, LOCK_EX | LOCK_NB);
        let fd = r.open("gone", O_RDWR);
        r.flock(fd, LOCK_EX | LOCK_NB);
        r.rename("other", "gone");
        let again = r.open("gone", O_RDWR);
        r.flock(again, LOCK_EX | LOCK_NB);
        r.unlink("gone");
        let again = r.open("gone", O_RDWR | O_CREAT);
        r.flock(again, LOCK_EX | LOCK_NB);
    })
    .whiteout("moved")
}

/// A record lock needs a file opened for it, flock does not; neither copies anything up.
pub fn lock_open_modes(b: &mut Builder) -> Steps {
    b.file("f", "text");
    b.dir("d");
    b.fifo("p");
    b.char_device("null", 1, 3).mode(0o666);
    steps(|r| {
        for (name, flags) in [
            ("f", O_RDONLY),
            ("f", O_WRONLY),
            ("f", O_RDWR),
            ("f", O_RDONLY | O_PATH),
            ("d", O_RDONLY | O_DIRECTORY),
            ("p", O_RDWR | libc::O_NONBLOCK),
            ("null", O_RDWR),
        ] {
            let fd = r.open(name, flags);
            for command in [libc::F_SETLK, libc::F_OFD_SETLK] {
                for kind in [F_RDLCK, F_WRLCK, 9] {
                    r.record_lock(fd, command, sys::Range::new(kind, 0, 1));
                }
            }
            for operation in [LOCK_SH, LOCK_EX, LOCK_UN, 77] {
                r.flock(fd, operation | LOCK_NB);
            }
            let range = sys::Range::new(F_WRLCK, 0, 1);
            r.who_locks(fd, libc::F_OFD_GETLK, range);
            r.close(fd);
        }
    })
    .upper_is(&[])
}

/// Record locks of one process merge, split and change their kind, before and after copy-up.
pub fn lock_ranges(b: &mut Builder) -> Steps {
    b.file("lower", vec![b'.'; 100]);
    b.upper().file("upper", vec![b'.'; 100]);
    steps(|r| {
        for name in ["lower", "upper"] {
            let fd = r.open(name, O_RDWR);
            for (kind, start, length) in [
                (F_RDLCK, 0, 10),
                (F_RDLCK, 20, 10),
                (F_RDLCK, 10, 10),
                (F_WRLCK, 5, 5),
                (F_UNLCK, 12, 3),
                (F_WRLCK, 0, 30),
                (F_UNLCK, 0, 1),
                (F_RDLCK, 40, 0),
                (F_UNLCK, 60, 5),
                (F_UNLCK, 0, 0),
            ] {
                r.posix_lock(fd, kind, start, length);
                if start == 5 {
                    // The remaining locks are set on the file in the upper layer.
                    r.pwrite(fd, "x", 99);
                }
                r.in_child(|r| r.locks_of_others(fd, 100));
            }
        }
    })
    .in_upper("lower")
}

/// /proc/locks names a file by device and inode as stat does, before and after copy-up.
pub fn lock_shown_in_proc(b: &mut Builder) -> Steps {
    b.file("lower", "text");
    b.upper().file("upper", "text");
    steps(|r| {
        for name in ["lower", "upper"] {
            let fd = r.open(name, O_RDWR);
            r.posix_lock(fd, F_WRLCK, 1, 3);
            r.flock(fd, LOCK_SH);
            for when in ["locked", "changed", "copied up before it was opened"] {
                let (dev, ino) = r.identity(name);
                let (major, minor) = (libc::major(dev), libc::minor(dev));
                let file = format!("{major:02x}:{minor:02x}:{ino}");
                let text = std::fs::read_to_string("/proc/locks").unwrap_or_default();
                for kind in ["POSIX  ADVISORY  WRITE", "FLOCK  ADVISORY  READ"] {
                    let found = |line: &str| line.contains(kind) && line.contains(&file);
                    r.expect(format_args!("{kind}, {when}"), text.lines().any(found));
                }
                if when == "changed" {
                    r.close(fd);
                    let again = r.open(name, O_RDWR);
                    r.posix_lock(again, F_WRLCK, 1, 3);
                    r.flock(again, LOCK_SH);
                } else {
                    r.chmod(name, 0o600);
                }
            }
        }
    })
    .not_on(
        &["btrfs-same", "btrfs-erofs"],
        "btrfs gives files another device number than the list of locks has",
    )
}

/// A waiter gets a lock when it is released, although the file was copied up meanwhile.
pub fn lock_waits(b: &mut Builder) -> Steps {
    for name in ["posix", "ofd", "flock"] {
        b.file(name, vec![b'.'; 100]);
    }
    steps(|r| {
        for name in ["posix", "ofd", "flock"] {
            let fd = r.open(name, O_RDWR);
            let lock = |r: &mut Run, fd: Fd| {
                let range = sys::Range::new(F_WRLCK, 0, 0);
                match name {
                    "posix" => r.record_lock(fd, libc::F_SETLKW, range),
                    "ofd" => r.record_lock(fd, libc::F_OFD_SETLKW, range),
                    _ => r.flock(fd, LOCK_EX),
                }
            };
            lock(r, fd);
            r.with_peer(
                |r, turns| {
                    let fd = r.open(name, O_RDWR);
                    turns.give();
                    let result = lock(r, fd);
                    r.expect("it has the lock", result);
                    r.pread(fd, 10, 0);
                },
                |r, turns, pid| {
                    turns.pass();
                    r.await_blocked(pid);
                    r.pwrite(fd, "written", 0);
                    r.await_blocked(pid);
                    // Not recorded: the peer continues at once.
                    let range = sys::Range::new(F_UNLCK, 0, 0);
                    let _ = match name {
                        "posix" => sys::record_lock(fd.raw(), libc::F_SETLK, range).map(drop),
                        "ofd" => sys::record_lock(fd.raw(), libc::F_OFD_SETLK, range).map(drop),
                        _ => sys::flock(fd.raw(), LOCK_UN),
                    };
                    turns.take();
                },
            );
        }
    })
    .upper_is(&["posix", "ofd", "flock"])
}

/// Record locks counted from the position and from the end, which is that of the file's present size.
pub fn lock_whence(b: &mut Builder) -> Steps {
    b.file("lower", vec![b'.'; 100]);
    b.upper().file("upper", vec![b'.'; 100]);
    steps(|r| {
        for name in ["lower", "upper"] {
            let fd = r.open(name, O_RDWR);
            let lock = |r: &mut Run, whence, start, length| {
                let range = sys::Range::new(F_WRLCK, start, length).from(whence);
                r.record_lock(fd, libc::F_SETLK, range);
                r.in_child(|r| r.locks_of_others(fd, 1000));
                r.posix_lock(fd, F_UNLCK, 0, 0);
            };
            r.lseek(fd, 30, SEEK_SET);
            lock(r, SEEK_CUR, 5, 10);
            lock(r, SEEK_CUR, -30, 10);
            lock(r, SEEK_CUR, -31, 10);
            lock(r, SEEK_CUR, 0, -10);
            lock(r, SEEK_CUR, 0, -31);
            lock(r, SEEK_END, 0, 0);
            lock(r, SEEK_END, -20, 10);
            lock(r, SEEK_END, -101, 1);
            lock(r, 77, 0, 1);
            lock(r, SEEK_SET, i64::MAX, 2);
            r.put(name, O_WRONLY | O_APPEND, vec![b'+'; 50]);
            lock(r, SEEK_END, -20, 10);
            r.truncate(name, 40);
            lock(r, SEEK_END, 0, -40);
            r.ftruncate(fd, 500);
            lock(r, SEEK_END, -1, 1);
        }
    })
}

/// A lock taken before copy-up holds after it.
pub fn locks_survive_copy_up(b: &mut Builder) -> Steps {
    b.file("f", "text");
    steps(|r| {
        let reader = r.open("f", O_RDONLY);
        r.flock(reader, LOCK_EX | LOCK_NB);
        r.put("f", O_WRONLY, "T");
        let after = r.open("f", O_RDWR);
        r.flock(after, LOCK_EX | LOCK_NB);
        let other = r.open("f", O_RDWR);
        r.ofd_lock(after, F_WRLCK, 0, 0);
        r.chmod("f", 0o600);
        r.ofd_lock(other, F_WRLCK, 0, 0);
        r.close(reader);
        r.flock(after, LOCK_EX | LOCK_NB);
    })
    .in_upper("f")
}

/// open file description locks on ranges of a lower file.
pub fn ofd_locks(b: &mut Builder) -> Steps {
    b.file("f", vec![b'.'; 100]);
    steps(|r| {
        let one = r.open("f", O_RDWR);
        let two = r.open("f", O_RDWR);
        r.ofd_lock(one, F_WRLCK, 0, 10);
        r.ofd_lock(two, F_RDLCK, 5, 1);
        r.ofd_lock(two, F_WRLCK, 10, 10);
        r.ofd_lock(one, F_UNLCK, 0, 0);
        r.ofd_lock(two, F_WRLCK, 0, 10);
        r.ofd_lock(one, F_RDLCK, 0, 1);
        r.close(two);
        r.ofd_lock(one, F_RDLCK, 0, 1);
    })
}

/// Locks of processes on ranges of a lower file.
pub fn posix_locks(b: &mut Builder) -> Steps {
    b.file("f", vec![b'.'; 100]);
    steps(|r| {
        let fd = r.open("f", O_RDWR);
        r.posix_lock(fd, F_WRLCK, 0, 10);
        r.in_child(|r| {
            r.get_lock(fd, F_WRLCK, 0, 100);
            r.posix_lock(fd, F_WRLCK, 5, 10);
            r.posix_lock(fd, F_WRLCK, 10, 10);
        });
        r.posix_lock(fd, F_UNLCK, 0, 0);
        r.in_child(|r| {
            r.posix_lock(fd, F_WRLCK, 0, 0);
        });
    })
}
