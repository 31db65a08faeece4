// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a file without a name takes attributes, locks, mappings and watches along to its first name",
    setup: |b| {
        b.dir("lower");
        b.lower(1).file("opaque/hidden", "hidden");
        b.lower(0).opaque("opaque");
        b.upper().dir("upper");
    },
    steps: |r| {
        for dir in ["lower", "opaque", "upper"] {
            let fd = r.open_mode(dir, O_RDWR | O_TMPFILE, 0o604);
            r.write(fd, "written");
            r.ftruncate(fd, PAGE as i64);
            r.fsetxattr(fd, "user.a", "1");
            r.fchown(fd, 3, 4);
            r.flock(fd, LOCK_EX | LOCK_NB);
            r.ofd_lock(fd, F_WRLCK, 0, 10);
            let map = r.map(fd, PAGE, PROT_RW, MAP_SHARED);
            r.store(map, 0, "stored");
            r.futimens(fd, OLD);
            r.fstat(fd);
            let name = format!("{dir}/hidden");
            r.link_fd(fd, &name);
            r.stat(&name);
            r.getxattr(&name, "user.a");
            let other = r.open(&name, O_RDWR);
            r.flock(other, LOCK_SH | LOCK_NB);
            r.ofd_lock(other, F_RDLCK, 5, 1);
            r.store(map, 10, "by the old mapping");
            r.pread(other, 28, 0);
            r.rename(&name, "named");
            r.link_fd(fd, &name);
            let same = r.identity("named") == r.identity(&name);
            r.expect("one file", same);
            r.unlink("named");
            let fd = r.open_mode(dir, O_RDWR | O_TMPFILE | O_EXCL, 0o600);
            r.fsetxattr(fd, "user.a", "1");
            r.link_fd(fd, "named");
            r.utimens(&name, OLD);
        }
    },
    ..Scenario::DEFAULT
};
