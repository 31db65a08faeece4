// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a directory is opened again by way of its descriptor, before and after it was moved or removed",
    setup: |b| {
        b.file("lower/f", "text");
        b.upper().file("upper/f", "text");
    },
    steps: |r| {
        let lower = r.open("lower", O_PATH);
        let upper = r.open("upper", O_PATH);
        r.rename("upper", "moved");
        for fd in [lower, upper] {
            let again = r.reopen(fd, O_RDONLY | O_DIRECTORY);
            r.stat_at(again, "f");
            r.reopen(fd, O_RDWR);
            r.reopen(fd, O_RDONLY | O_NOFOLLOW);
            r.stat(&format!("{}/f", fd.proc_path()));
            r.put(&format!("{}/new", fd.proc_path()), O_WRONLY | O_CREAT, "x");
            r.reopen(fd, O_RDWR | O_TMPFILE);
            r.unlink(&format!("{}/new", fd.proc_path()));
            r.unlink(&format!("{}/f", fd.proc_path()));
        }
        r.rmdir("lower");
        r.rmdir("moved");
        for fd in [lower, upper] {
            let again = r.reopen(fd, O_RDONLY | O_DIRECTORY);
            r.fstat(again);
            r.reopen(fd, O_RDWR | O_TMPFILE);
            r.put(&format!("{}/new", fd.proc_path()), O_WRONLY | O_CREAT, "x");
        }
    },
    layers: Some(|l| {
        l.whiteout("lower")?;
        l.absent("moved")
    }),
    not_on: &[("chroot", shape::NO_PROC)],
    ..Scenario::DEFAULT
};
