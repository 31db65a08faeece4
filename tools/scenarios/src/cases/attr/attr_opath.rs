// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "an O_PATH descriptor changes nothing by itself, but names the object for those that may",
    setup: |b| {
        b.file("f", "text");
        b.dir("d");
        b.upper().file("t", "text");
    },
    steps: |r| {
        for name in ["f", "d", "t"] {
            let fd = r.open(name, O_PATH);
            r.fchmod(fd, 0o700);
            r.fchown(fd, 1, 1);
            r.futimens(fd, (5, 5));
            r.fsetxattr(fd, "user.a", "1");
            r.fgetxattr(fd, "user.a");
            r.flistxattr(fd);
            r.fremovexattr(fd, "user.a");
            r.get_flags(fd, 0);
            r.fstat(fd);
            let proc = format!("/proc/self/fd/{}", fd.raw());
            for result in [
                sys::chmod(&proc, 0o711),
                sys::fchownat(sys::HERE, &proc, 4, 5, 0),
                sys::setxattr_follow(&proc, "user.p", b"1"),
                sys::utimens(&proc, (6, 7), (8, 9), 0),
            ] {
                r.done("by way of /proc", result);
            }
            let times = ((10, 11), (12, 13));
            let result = sys::utimensat(fd.raw(), "", times, libc::AT_EMPTY_PATH);
            r.done("utimensat with an empty path", result);
            r.fstat(fd);
        }
    },
    layers: Some(|l| l.upper_is(&["d", "f", "t"])),
    ..Scenario::DEFAULT
};
