// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a path and every sort of descriptor, old or new, show the same after each change",
    setup: |b| {
        b.file("f", "text");
        b.dir("d");
        b.fifo("p");
        b.upper().file("t", "text");
    },
    steps: |r| {
        for name in ["f", "d", "p", "t"] {
            let reading = match name {
                "p" => O_RDWR,
                _ => O_RDONLY,
            };
            let fds = [
                r.open(name, O_PATH),
                r.open(name, reading),
                r.open(name, O_PATH | O_NOFOLLOW),
            ];
            let changes: [fn(&mut Run, &str); 6] = [
                |_, _| {},
                |r, f| {
                    r.chmod(f, 0o4710);
                },
                |r, f| {
                    r.chown(f, 5, 6);
                },
                |r, f| {
                    if f != "p" {
                        r.put(f, O_WRONLY | O_APPEND, "more");
                    }
                },
                |r, f| {
                    // A lower directory is not renamed by this version.
                    if f != "d" {
                        r.rename(f, "moved");
                        r.rename("moved", f);
                    }
                },
                |r, f| {
                    r.link(f, "second");
                },
            ];
            for change in changes {
                change(r, name);
                let whole = sys::stat(name, 0).expect("it is there");
                r.stat(name);
                for fd in fds {
                    let other = sys::fstat(fd.raw()).expect("fstat");
                    let empty = sys::fstatat(fd.raw(), "", libc::AT_EMPTY_PATH).expect("fstatat");
                    for stat in [other, empty] {
                        let fields = |s: &libc::stat| {
                            [
                                (s.st_ino as i64, s.st_dev as i64),
                                (s.st_mode.into(), s.st_nlink as i64),
                                (s.st_uid.into(), s.st_gid.into()),
                                (s.st_size, s.st_blocks),
                                (s.st_mtime, s.st_mtime_nsec),
                                (s.st_ctime, s.st_ctime_nsec),
                                (sys::block_size(s), s.st_rdev as i64),
                            ]
                        };
                        r.expect(
                            format_args!("{fd} is {name}"),
                            fields(&stat) == fields(&whole),
                        );
                    }
                }
            }
            r.unlink("second");
        }
    },
    ..Scenario::DEFAULT
};
