// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "rights are asked for at open: descriptors go on when the file is shut, its path does not",
    setup: |b| {
        in_places(b, |b, place| {
            b.file(&format!("{place}/f"), "text").mode(0o666);
        });
    },
    steps: |r| {
        for place in PLACES {
            let path = format!("{place}/f");
            let mut fds = Vec::new();
            r.as_who(OTHER, |r| {
                fds.push(r.open(&path, O_RDWR));
                fds.push(r.open(&path, O_RDWR));
            });
            r.chmod(&path, 0o600);
            r.as_who(OTHER, |r| {
                r.pwrite(fds[0], "T", 0);
                r.pread(fds[0], 10, 0);
                let map = r.mmap(fds[1], 4, PROT_READ | PROT_WRITE, MAP_SHARED);
                r.mapped("shut", &map);
                r.ftruncate(fds[1], 2);
                r.fallocate(fds[1], 0, 0, 6);
                r.fchmod(fds[1], 0o666);
                r.try_open(&path, O_RDONLY);
                let now = (0, libc::UTIME_NOW);
                r.done("futimens now", sys::futimens(fds[0].raw(), now, now));
            });
            r.unlink(&path);
            r.as_who(OTHER, |r| r.pwrite(fds[0], "gone", 2));
            r.pread(fds[1], 10, 0);
        }
    },
    layers: Some(|l| l.whiteout("lower/f")),
    ..Scenario::DEFAULT
};
