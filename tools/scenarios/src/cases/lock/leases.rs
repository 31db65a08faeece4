// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "leases are given, kept from writers, and broken",
    setup: |b| {
        b.file("f", "text");
    },
    steps: |r| {
        let fd = r.open("f", O_RDONLY);
        r.set_lease(fd, F_RDLCK);
        r.get_lease(fd);
        r.set_lease(fd, F_WRLCK);
        r.in_child(|r| {
            let flags = O_RDONLY | libc::O_NONBLOCK;
            r.open("f", flags);
        });
        r.in_child(|r| {
            let flags = O_WRONLY | libc::O_NONBLOCK;
            r.open("f", flags);
        });
        r.set_lease(fd, F_UNLCK);
        r.get_lease(fd);
        let writer = r.open("f", O_WRONLY);
        r.set_lease(fd, F_RDLCK);
        r.close(writer);
        r.set_lease(fd, F_RDLCK);
        r.close(fd);
    },
    ..Scenario::DEFAULT
};
