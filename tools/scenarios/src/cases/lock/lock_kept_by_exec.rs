// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "locks stay with a process that executes a program of the union, and end with it",
    setup: |b| {
        b.file("f", vec![b'.'; 100]);
        b.file("prog", elf::waits()).mode(0o755);
    },
    steps: |r| {
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
        // What exec(2) closes is let go of when the program begins to run.
        r.await_until("what closes at exec holds no lock", || {
            sys::flock(prog.raw(), LOCK_EX | LOCK_NB).is_ok()
        });
        process::kill(pid);
        r.note(format_args!("{:?}", process::wait(pid)));
        r.who_locks(fd, libc::F_GETLK, sys::Range::new(F_RDLCK, 0, 0));
        r.flock(fd, LOCK_SH | LOCK_NB);
    },
    layers: Some(|l| l.upper_is(&[])),
    ..Scenario::DEFAULT
};
