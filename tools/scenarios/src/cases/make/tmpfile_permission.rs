// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "O_TMPFILE asks for the right to write the directory",
    setup: |b| {
        b.dir("closed");
        b.dir("open").mode(0o777);
    },
    steps: |r| {
        r.as_user(1000, 1000, |r| {
            r.open_mode("closed", O_RDWR | O_TMPFILE, 0o600);
            let fd = r.open_mode("open", O_RDWR | O_TMPFILE, 0o600);
            r.write(fd, "mine");
            r.link_fd(fd, "open/named");
            r.link_fd(fd, "closed/named");
            r.cat("open/named");
        });
        r.stat("open/named");
    },
    layers: Some(|l| l.absent("closed")),
    ..Scenario::DEFAULT
};
