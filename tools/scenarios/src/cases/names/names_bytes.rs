// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

pub const SCENARIO: Scenario = Scenario {
    about: "every byte but the slash and NUL makes a name, one that can be listed, linked, renamed and deleted",
    setup: |b| {
        b.lower(1).dir("d");
        b.lower(0).dir("d");
    },
    steps: |r| {
        for byte in (1..=255u8).filter(|byte| !b"./".contains(byte)) {
            let path = |tail: &[u8]| [b"d/", &[byte][..], tail].concat();
            let (name, other) = (path(b""), path(b"\xff"));
            let (name, other) = (OsStr::from_bytes(&name), OsStr::from_bytes(&other));
            let answer = sys::open(name, O_WRONLY | O_CREAT | O_EXCL, 0o644)
                .and_then(sys::close)
                .and_then(|()| sys::link(name, other, 0))
                .and_then(|()| sys::setxattr(other, "user.a", &[byte], 0))
                .and_then(|()| sys::unlink(name))
                .and_then(|()| match byte % 3 {
                    0 => sys::rename(other, name, 0),
                    1 => sys::unlink(other).and_then(|()| sys::mkdir(other, 0o755)),
                    _ => sys::unlink(other).and_then(|()| sys::symlink(other, name)),
                });
            r.done(format_args!("byte {byte:#x}"), answer);
        }
        r.ls("d");
    },
    ..Scenario::DEFAULT
};
