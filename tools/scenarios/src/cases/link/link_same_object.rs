// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "names of one file share its data, locks, pipe and modes, though it was a lower one \
        when it was opened",
    setup: |b| {
        b.file("f", "text");
        b.fifo("p");
    },
    steps: |r| {
        let one = r.open("f", O_RDWR);
        r.flock(one, LOCK_EX);
        r.link("f", "g");
        let two = r.open("g", O_RDWR);
        r.flock(two, LOCK_SH | LOCK_NB);
        r.posix_lock(one, F_WRLCK, 0, 2);
        r.in_child(|r| {
            r.posix_lock(two, F_RDLCK, 1, 1);
            r.posix_lock(two, F_RDLCK, 2, 1);
        });
        r.pwrite(two, "T", 0);
        r.pread(one, 10, 0);
        r.fchmod(one, 0o600);
        r.fstat(two);
        r.unlink("f");
        r.pwrite(one, "X", 3);
        r.cat("g");
        r.link("p", "q");
        let writer = r.open("p", O_RDWR | libc::O_NONBLOCK);
        let reader = r.open("q", O_RDONLY | libc::O_NONBLOCK);
        r.write(writer, "through");
        r.read(reader, 20);
        r.unlink("p");
        r.write(writer, "again");
        r.read(reader, 20);
        // Times of pipes are not the subject.
        r.utimens("q", OLD);
    },
    layers: Some(|l| {
        l.whiteout("f")?;
        l.whiteout("p")
    }),
    ..Scenario::DEFAULT
};
