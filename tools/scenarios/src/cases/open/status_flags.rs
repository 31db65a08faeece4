// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "O_APPEND set on an open file counts before and after copy-up",
    setup: |b| {
        b.file("f", "0123456789");
        b.file("g", "0123456789");
    },
    steps: |r| {
        let fd = r.open("f", O_RDWR);
        r.done(
            "O_APPEND on",
            sys::set_status_flags(fd.raw(), O_APPEND, O_APPEND),
        );
        r.write(fd, "end");
        r.done("O_APPEND off", sys::set_status_flags(fd.raw(), 0, O_APPEND));
        r.lseek(fd, 0, SEEK_SET);
        r.write(fd, "begin");
        r.cat("f");
        let fd = r.open("g", O_RDWR);
        r.write(fd, "xy");
        r.done(
            "O_APPEND on",
            sys::set_status_flags(fd.raw(), O_APPEND, O_APPEND),
        );
        r.write(fd, "end");
        r.pread(fd, 20, 0);
        r.fstat(fd);
    },
    ..Scenario::DEFAULT
};
