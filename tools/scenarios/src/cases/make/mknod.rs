// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "special files are made as anywhere else",
    setup: |b| {
        b.dir("d");
    },
    steps: |r| {
        r.mknod("d/null", libc::S_IFCHR, 0o666, 1, 3);
        r.mknod("d/disk", libc::S_IFBLK, 0o660, 259, 7);
        r.mknod("d/file", libc::S_IFREG, 0o600, 0, 0);
        r.mkfifo("d/fifo", 0o640);
        r.mknod("d/sock", libc::S_IFSOCK, 0o640, 0, 0);
        r.mknod("d/null", libc::S_IFCHR, 0o666, 1, 3);
        r.put("d/null", O_WRONLY, "gone");
        r.ls("d");
        r.lstat("d/disk");
        r.as_user(1000, 1000, |r| {
            r.mknod("d/mine", libc::S_IFCHR, 0o666, 1, 3);
        });
    },
    ..Scenario::DEFAULT
};
