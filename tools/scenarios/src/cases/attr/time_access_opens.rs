// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "O_NOATIME is for owners, and what is read by it keeps its access time",
    setup: |b| {
        b.lower(0).file("low", "text").mode(0o644).owner(1000, 1000);
        b.file("others", "text");
        b.upper().file("top", "text").owner(1000, 1000);
        b.dir("dir").owner(1000, 1000);
        b.file("dir/x", "x");
    },
    steps: |r| {
        for name in ["top", "dir"] {
            r.utimens(name, (1_000_000_000, 5));
        }
        r.as_user(1000, 1000, |r| {
            r.open("others", O_RDONLY | libc::O_NOATIME);
            r.open("low", O_RDONLY | libc::O_NOATIME);
            r.touched(&["top"], |r| {
                let fd = r.open("top", O_RDONLY | libc::O_NOATIME);
                r.read(fd, 4);
                r.done(
                    "reading it again with access times",
                    sys::set_status_flags(fd.raw(), 0, libc::O_NOATIME),
                );
            });
            r.touched(&["dir"], |r| {
                let fd = r.open("dir", O_RDONLY | libc::O_NOATIME);
                let count = sys::getdents(fd.raw(), 4096).map(|list| list.len());
                r.call("getdents", count);
            });
            let fd = r.open("others", O_RDONLY);
            r.done(
                "O_NOATIME of another's file",
                sys::set_status_flags(fd.raw(), libc::O_NOATIME, libc::O_NOATIME),
            );
            r.touched(&["top"], |r| {
                r.cat("top");
            });
        });
    },
    not_on: shape::READS_AT_TOP,
    ..Scenario::DEFAULT
};
