// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "the times of a link and of what it leads to are set apart",
    setup: |b| {
        b.lower(1).file("target", "text");
        b.lower(0).symlink("link", "target");
        b.symlink("dangling", "none");
        b.upper().symlink("top", "link");
    },
    steps: |r| {
        r.utimensat("top", ((5, 6), (7, 8)), 0);
        for name in ["target", "link", "top"] {
            r.lstat(name);
        }
        r.utimensat("link", ((9, 10), (11, 12)), libc::AT_SYMLINK_NOFOLLOW);
        r.utimensat("dangling", (NOW, NOW), 0);
        r.utimensat("dangling", (OMIT, (13, 14)), libc::AT_SYMLINK_NOFOLLOW);
        let fd = r.open("top", O_PATH | O_NOFOLLOW);
        let times = ((15, 16), (17, 18));
        let result = sys::utimensat(fd.raw(), "", times, libc::AT_EMPTY_PATH);
        r.done("utimensat of a link's descriptor", result);
        for name in ["target", "link", "top", "dangling"] {
            r.lstat(name);
        }
        r.times("link");
        r.times("top");
        r.readlink("dangling");
    },
    layers: Some(|l| l.upper_is(&["dangling", "link", "target", "top"])),
    not_on: &[("read-only", shape::LOOKED_AT)],
    ..Scenario::DEFAULT
};
