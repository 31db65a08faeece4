// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "openat2 with RESOLVE_CACHED finds a file just looked up, never makes one, and else says EAGAIN or the truth",
    setup: |b| {
        b.file("d/lower", "text");
        b.file("d/gone", "text");
        b.symlink("l", "d/lower");
        b.upper().file("d/upper", "text");
    },
    steps: |r| {
        r.unlink("d/gone");
        for path in ["d/lower", "d/upper"] {
            r.opens(path, O_RDONLY);
            r.open_how(None, path, O_RDONLY, RESOLVE_CACHED);
            r.open_how(None, path, O_RDWR, RESOLVE_CACHED);
            r.open_how(None, path, O_PATH, RESOLVE_CACHED);
        }
        for path in ["d/lower", "d/upper", "l", "d/gone", "d/none"] {
            r.opens(path, O_RDONLY);
            // Whether a link or a missing name can be had from the cache is left to the file system.
            let answer = sys::openat2(libc::AT_FDCWD, path, O_RDONLY, RESOLVE_CACHED);
            let truth = match path {
                "d/gone" | "d/none" => matches!(answer, Err(Errno(libc::ENOENT))),
                _ => answer.is_ok(),
            };
            let unknown = answer == Err(Errno(libc::EAGAIN));
            r.expect(
                format_args!("{path}: the truth or EAGAIN"),
                truth || unknown,
            );
            for flags in [O_CREAT, O_TRUNC, O_CREAT | O_EXCL] {
                r.open_how(None, path, O_WRONLY | flags, RESOLVE_CACHED);
            }
        }
        r.open_how(None, "d", O_RDWR | O_TMPFILE, RESOLVE_CACHED);
        r.ls("d");
    },
    layers: Some(|l| l.absent("d/lower")),
    not_on: &[
        (
            "over-overlay",
            "what an overlayfs shows may have to be asked for, which EAGAIN says",
        ),
        ("drop-caches", shape::FORGOTTEN),
        ("drop-caches-ext4", shape::FORGOTTEN),
        ("remount", shape::FORGOTTEN),
        ("remount-xfs", shape::FORGOTTEN),
        ("rotate", shape::FORGOTTEN),
        ("rotate-ext4", shape::FORGOTTEN),
    ],
    ..Scenario::DEFAULT
};
