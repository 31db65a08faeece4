// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a record lock needs a file opened for it, flock does not; neither copies anything up",
    setup: |b| {
        b.file("f", "text");
        b.dir("d");
        b.fifo("p");
        b.char_device("null", 1, 3).mode(0o666);
    },
    steps: |r| {
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
    },
    layers: Some(|l| l.upper_is(&[])),
    ..Scenario::DEFAULT
};
