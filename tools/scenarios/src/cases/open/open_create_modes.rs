// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "O_CREAT gives a new file its mode by the umask, and leaves that of an old one alone",
    setup: |b| {
        b.file("d/old", "text").mode(0o604);
        b.file("d/gone", "text").mode(0o4711);
    },
    steps: |r| {
        r.unlink("d/gone");
        for (n, mode) in [0, 0o200, 0o444, 0o777, 0o1777, 0o2755, 0o4755, 0o107_777]
            .into_iter()
            .enumerate()
        {
            r.with_umask(0o026, |r| {
                let fd = r.open_mode(&format!("d/new{n}"), O_RDWR | O_CREAT | O_EXCL, mode);
                // Whoever made it may write it, whatever the mode.
                r.write(fd, "mine");
                r.fstat(fd);
            });
        }
        r.open_mode("d/old", O_RDONLY | O_CREAT, 0o777);
        r.open_mode("d/old", O_WRONLY | O_CREAT | O_TRUNC, 0);
        let fd = r.open_mode("d/gone", O_WRONLY | O_CREAT, 0o640);
        r.fstat(fd);
        r.stat("d/old");
    },
    layers: Some(|l| l.in_upper("d/old")),
    ..Scenario::DEFAULT
};
