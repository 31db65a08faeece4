// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "locks of every kind hold against files opened later, whichever call copied the file up between",
    setup: |b| {
        for name in [
            "write", "chmod", "utimes", "setxattr", "cut", "link", "rename", "mmap",
        ] {
            b.file(name, vec![b'.'; 100]);
        }
    },
    steps: |r| {
        for name in [
            "write", "chmod", "utimes", "setxattr", "cut", "link", "rename", "mmap",
        ] {
            let holder = r.open(name, O_RDWR);
            let early = r.open(name, O_RDWR);
            r.posix_lock(holder, F_WRLCK, 0, 10);
            r.ofd_lock(holder, F_RDLCK, 20, 10);
            r.flock(holder, LOCK_SH | LOCK_NB);
            match name {
                "write" => r.put(name, O_WRONLY, "w"),
                "chmod" => r.chmod(name, 0o600),
                "utimes" => r.utimens(name, (5, 6)),
                "setxattr" => r.setxattr(name, "user.a", "1"),
                "cut" => r.truncate(name, 50),
                "link" => r.link(name, "second"),
                "rename" => r.rename(name, "renamed"),
                _ => r.map(early, 100, PROT_RW, MAP_SHARED).length() > 0,
            };
            r.in_child(|r| {
                let now = if name == "rename" { "renamed" } else { name };
                for fd in [early, r.open(now, O_RDWR)] {
                    let asked = sys::Range::new(F_WRLCK, 0, 10);
                    let holder = r.who_locks(fd, libc::F_GETLK, asked);
                    r.expect(
                        "it is the parent's",
                        holder == std::os::unix::process::parent_id() as i32,
                    );
                    let asked = sys::Range::new(F_WRLCK, 15, 0);
                    let holder = r.who_locks(fd, libc::F_OFD_GETLK, asked);
                    r.expect("it is an open file's", holder == -1);
                    r.posix_lock(fd, F_RDLCK, 9, 1);
                    r.ofd_lock(fd, F_WRLCK, 29, 1);
                    r.flock(fd, LOCK_EX | LOCK_NB);
                    r.flock(fd, LOCK_SH | LOCK_NB);
                }
            });
        }
    },
    layers: Some(|l| l.in_upper("mmap")),
    ..Scenario::DEFAULT
};
