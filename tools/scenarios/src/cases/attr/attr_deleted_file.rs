// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "the attributes of a deleted file change through its descriptor, whatever layer it was in",
    setup: |b| {
        for name in ["low", "copied"] {
            b.file(name, "text").xattr("user.a", b"1");
        }
        b.upper().file("top", "text").xattr("user.a", b"1");
    },
    steps: |r| {
        r.utimens("copied", (5, 5));
        for name in ["low", "copied", "top"] {
            let fd = r.open(name, O_RDONLY);
            let path = r.open(name, O_PATH);
            r.unlink(name);
            r.fchmod(fd, 0o4751);
            r.fchown(fd, 1000, 1001);
            r.fchmod(fd, 0o2751);
            r.fsetxattr(fd, "user.b", "2");
            r.fremovexattr(fd, "user.a");
            r.futimens(fd, (1_100_000_000, 11));
            r.fgetxattr(fd, "user.b");
            r.flistxattr(fd);
            let both = r.fd_identity(fd) == r.fd_identity(path);
            r.expect("both descriptors are of one file", both);
            let stat = sys::fstat(path.raw()).expect("fstat");
            r.note(format_args!(
                "{:o} {}:{} {}.{}",
                stat.st_mode, stat.st_uid, stat.st_gid, stat.st_mtime, stat.st_mtime_nsec
            ));
            r.pread(fd, 10, 0);
        }
        r.ls(".");
    },
    layers: Some(|l| {
        l.whiteout("low")?;
        l.whiteout("copied")?;
        l.absent("top")
    }),
    ..Scenario::DEFAULT
};
