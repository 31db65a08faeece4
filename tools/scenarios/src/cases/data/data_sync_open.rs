// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "files opened with O_SYNC and O_DSYNC are written, and keep their flags",
    setup: |b| {
        b.file("f", "0123456789");
        b.file("other", "0123456789");
    },
    steps: |r| {
        fn flags(r: &mut Run<'_>, fd: Fd) {
            let flags = sys::fcntl(fd.raw(), libc::F_GETFL, 0);
            let word = flags.map(|flags| match flags & libc::O_SYNC {
                libc::O_SYNC => "O_SYNC",
                libc::O_DSYNC => "O_DSYNC",
                _ => "neither",
            });
            r.call(format_args!("flags of {fd}"), word);
        }
        for (path, how) in [("f", libc::O_SYNC), ("other", libc::O_DSYNC)] {
            let fd = r.open(path, O_RDWR | how);
            flags(r, fd);
            r.write(fd, "ab");
            r.pwritev2(fd, &[Piece::Data(b"c"), Piece::Data(b"d")], 5, 0);
            flags(r, fd);
            // fcntl takes no notice of these.
            let result = sys::set_status_flags(fd.raw(), 0, libc::O_SYNC);
            r.done("O_SYNC off", result);
            flags(r, fd);
            let append = r.open(path, O_WRONLY | O_APPEND | how);
            r.write(append, "end");
            r.cat(path);
        }
    },
    ..Scenario::DEFAULT
};
