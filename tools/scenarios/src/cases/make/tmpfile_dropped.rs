// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "an O_TMPFILE file that is not linked leaves nothing",
    setup: |b| {
        b.dir("d");
    },
    steps: |r| {
        let fd = r.open_mode("d", O_RDWR | O_TMPFILE, 0o600);
        r.write(fd, vec![b'x'; 10_000]);
        r.fchmod(fd, 0o644);
        r.fchown(fd, 1, 2);
        r.ftruncate(fd, 5);
        r.pread(fd, 10, 0);
        r.fstat(fd);
        r.close(fd);
        r.ls("d");
    },
    ..Scenario::DEFAULT
};
