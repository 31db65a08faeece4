// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "io_uring opens, looks at and closes files of all layers with the answers of open and stat",
    setup: |b| {
        b.file("lower", "0123456789").mode(0o640).owner(3, 4);
        b.dir("d");
        b.symlink("link", "lower");
        b.lower(0).file("hidden", "text");
        b.upper().file("upper", "text");
        b.upper().whiteout("hidden");
    },
    steps: |r| {
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
    },
    ..Scenario::DEFAULT
};
