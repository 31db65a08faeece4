// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "fchmodat2 that does not follow links changes everything but links, in every layer",
    setup: |b| {
        every_kind(b, "low");
        b.upper();
        every_kind(b, "top");
    },
    steps: |r| {
        for dir in ["low", "top"] {
            for kind in KINDS {
                let path = format!("{dir}/{kind}");
                r.fchmodat2(&path, 0o5710, libc::AT_SYMLINK_NOFOLLOW);
                r.lstat(&path);
            }
        }
        // A descriptor that is good for nothing else names the object as well.
        let fd = r.open("low/file", O_PATH);
        let result = sys::fchmodat2(fd.raw(), "", 0o600, libc::AT_EMPTY_PATH);
        r.done("fchmodat2 of an O_PATH descriptor", result);
        let link = r.open("low/symlink", O_PATH | O_NOFOLLOW);
        let result = sys::fchmodat2(link.raw(), "", 0o600, libc::AT_EMPTY_PATH);
        r.done("of a symbolic link's", result);
        r.fchmodat2("", 0o600, 0);
        r.fchmodat2("low/dir", 0o700, libc::AT_REMOVEDIR);
        r.fchmodat2("low/none", 0o700, libc::AT_SYMLINK_NOFOLLOW);
        r.stat("low/file");
    },
    layers: Some(|l| {
        l.absent("low/symlink")?;
        l.in_upper("low/block")
    }),
    ..Scenario::DEFAULT
};
