// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "who waits for a lock gets it when it is released, though the file was copied up in the meantime",
    setup: |b| {
        for name in ["posix", "ofd", "flock"] {
            b.file(name, vec![b'.'; 100]);
        }
    },
    steps: |r| {
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
                    // Not recorded: the peer goes on at once.
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
    },
    layers: Some(|l| l.upper_is(&["posix", "ofd", "flock"])),
    ..Scenario::DEFAULT
};
