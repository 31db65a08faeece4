// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "locks, leases and watches need a descriptor or the right to read, and copy nothing",
    setup,
    steps: |r| {
        r.each_user(|r, _| {
            for place in PLACES {
                for name in ["read", "write", "none"] {
                    let path = format!("{place}/{name}");
                    let fd = r.open(&path, if name == "write" { O_WRONLY } else { O_RDONLY });
                    r.flock(fd, LOCK_EX | LOCK_NB);
                    r.flock(fd, LOCK_UN);
                    r.posix_lock(fd, F_RDLCK, 0, 1);
                    r.posix_lock(fd, F_WRLCK, 0, 1);
                    r.ofd_lock(fd, F_RDLCK, 0, 1);
                    r.ofd_lock(fd, F_WRLCK, 0, 1);
                    r.set_lease(fd, F_RDLCK);
                    r.fsync(fd);
                    r.fadvise(fd, libc::POSIX_FADV_WILLNEED);
                    if fd.raw() >= 0 {
                        r.close(fd);
                    }
                    let watch = sys::inotify(&path, libc::IN_MODIFY).and_then(sys::close);
                    r.done(format_args!("inotify({path})"), watch);
                }
            }
        });
    },
    layers: Some(|l| upper_gained(l, setup, &[])),
    ..Scenario::DEFAULT
};

fn setup(b: &mut Builder) {
    in_places(b, |b, place| {
        for (name, mode) in [("read", 0o444), ("write", 0o222), ("none", 0o000)] {
            b.file(&format!("{place}/{name}"), "text")
                .mode(mode)
                .owner(1000, 500);
        }
    });
}
