// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "O_TMPFILE files stay nameless until they are linked",
    setup: |b| {
        b.dir("d").mode(0o1777);
        b.file("gone", "old");
    },
    steps: |r| {
        let fd = r.open_mode("d", O_RDWR | O_TMPFILE, 0o640);
        r.write(fd, "text");
        r.fstat(fd);
        r.ls("d");
        r.link_fd(fd, "d/named");
        r.cat("d/named");
        r.stat("d/named");
        r.link_fd(fd, "d/named");
        r.write(fd, " more");
        r.cat("d/named");
        let fd = r.open_mode(".", O_WRONLY | O_TMPFILE | O_EXCL, 0o600);
        r.link_fd(fd, "x");
        r.unlink("gone");
        let fd = r.open_mode(".", O_RDWR | O_TMPFILE, 0o600);
        r.write(fd, "over a whiteout");
        r.link_fd(fd, "gone");
        r.cat("gone");
        r.open_mode(".", O_RDONLY | O_TMPFILE, 0o600);
        r.ls(".");
    },
    layers: Some(|l| l.in_upper("d/named")),
    not_on: &[("chroot", shape::NO_PROC)],
    ..Scenario::DEFAULT
};
