// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "files of a disk have no seals, and those of the union neither",
    setup: |b| {
        b.file("lower", "text");
        b.upper().file("upper", "text");
    },
    steps: |r| {
        for name in ["lower", "upper"] {
            let fd = r.open(name, O_RDWR);
            for (what, command) in [
                ("F_GET_SEALS", libc::F_GET_SEALS),
                ("F_ADD_SEALS", libc::F_ADD_SEALS),
                ("F_SETPIPE_SZ", libc::F_SETPIPE_SZ),
                ("F_GETPIPE_SZ", libc::F_GETPIPE_SZ),
                ("nonsense", 4711),
            ] {
                r.call(what, sys::fcntl(fd.raw(), command, libc::F_SEAL_WRITE));
            }
        }
    },
    layers: Some(|l| l.upper_is(&["upper"])),
    not_on: &[
        ("tmpfs", "files of a tmpfs have seals"),
        ("tmpfs-3", "files of a tmpfs have seals"),
    ],
    ..Scenario::DEFAULT
};
