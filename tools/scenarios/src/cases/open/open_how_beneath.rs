// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "openat2 with RESOLVE_BENEATH or IN_ROOT does not leave the directory, whatever layer its parts are from",
    setup: |b| {
        b.file("outside", "no");
        b.lower(1).file("box/outside", "inside");
        b.symlink("box/out", "../outside");
        b.symlink("box/absolute", "/outside");
        b.lower(0).file("box/sub/f", "text");
        b.symlink("box/sub/up", "../outside");
        b.symlink("box/sub/far", "../../outside");
        b.upper().symlink("box/hop", "sub/up");
    },
    steps: |r| {
        let dir = r.open("box", O_PATH);
        for resolve in [libc::RESOLVE_BENEATH, libc::RESOLVE_IN_ROOT] {
            for path in [
                "outside",
                "out",
                "absolute",
                "hop",
                "sub/up",
                "sub/far",
                "sub/../outside",
                "..",
                "../box/outside",
                "/outside",
                "sub/../../outside",
                ".",
                "/",
            ] {
                let fd = r.open_how(Some(dir), path, O_RDONLY, resolve);
                if fd.raw() >= 0 {
                    r.read(fd, 10);
                }
            }
            let fd = r.open_how(Some(dir), "sub/up", O_RDWR | O_TRUNC, resolve);
            r.write(fd, "inside again");
            r.open_how(Some(dir), "../made", O_WRONLY | O_CREAT, resolve);
            r.open_how(
                Some(dir),
                "sub/../made",
                O_WRONLY | O_CREAT | O_EXCL,
                resolve,
            );
        }
        r.open_how(
            Some(dir),
            "f",
            O_RDONLY,
            libc::RESOLVE_BENEATH | libc::RESOLVE_IN_ROOT,
        );
        r.cat("outside");
    },
    layers: Some(|l| l.absent("outside")),
    ..Scenario::DEFAULT
};
