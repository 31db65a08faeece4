// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "openat2 with RESOLVE_NO_XDEV takes a union of many file systems for one, but not a mount on it",
    setup: |b| {
        b.file("lower/f", "text");
        b.lower(1).file("merged/deep", "1");
        b.lower(0).file("merged/f", "0");
        b.upper().file("upper/f", "text");
        b.anywhere().dir("mnt");
    },
    steps: |r| {
        r.with_own_mounts(|r| {
            r.mount_bind("lower", "mnt");
            let inside = r.open("mnt", O_PATH);
            for path in [
                "lower/f",
                "merged/f",
                "merged/deep",
                "upper/f",
                "upper/../lower/f",
                "mnt/f",
                "mnt",
                "mnt/..",
            ] {
                r.open_how(None, path, O_RDONLY, libc::RESOLVE_NO_XDEV);
            }
            r.open_how(None, "lower/new", O_WRONLY | O_CREAT, libc::RESOLVE_NO_XDEV);
            r.open_how(Some(inside), "f", O_RDWR, libc::RESOLVE_NO_XDEV);
            r.open_how(Some(inside), "..", O_RDONLY, libc::RESOLVE_NO_XDEV);
            r.open_how(Some(inside), "../upper/f", O_RDONLY, libc::RESOLVE_NO_XDEV);
            r.umount("mnt");
        });
    },
    ..Scenario::DEFAULT
};
