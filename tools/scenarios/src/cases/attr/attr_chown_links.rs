// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "chown follows a link to its target in another layer, lchown stays with the link",
    setup: |b| {
        b.lower(1).file("target", "text");
        b.file("kept", "text");
        b.lower(0).symlink("link", "target");
        b.symlink("chain", "link");
        b.symlink("loop", "loop");
        b.symlink("dangling", "gone");
        b.symlink("stays", "kept");
        b.upper().whiteout("gone");
    },
    steps: |r| {
        r.chown_follow("chain", 1000, 1001);
        r.lstat("target");
        r.lstat("chain");
        r.chown_follow("loop", 1, 1);
        r.chown_follow("dangling", 1, 1);
        r.chown("dangling", 5, 6);
        r.lstat("dangling");
        r.chown("stays", 7, 8);
        r.lstat("stays");
        r.stat("stays");
        let fd = r.open("loop", O_PATH | O_NOFOLLOW);
        let result = sys::fchownat(fd.raw(), "", 9, 10, libc::AT_EMPTY_PATH);
        r.done("fchownat of a link's descriptor", result);
        r.lstat("loop");
        let result = sys::fchownat(sys::HERE, "link", 9, 10, 1 << 30);
        r.done("fchownat with an unknown flag", result);
    },
    layers: Some(|l| l.upper_is(&["dangling", "gone", "loop", "stays", "target"])),
    ..Scenario::DEFAULT
};
