// SPDX-License-Identifier: GPL-2.0-only
//! fs.protected_*.

use crate::prelude::*;

/// O_CREAT does not open FIFOs of others in sticky directories, by fs.protected_fifos.
pub fn perm_protected_fifos(b: &mut Builder) -> Steps {
    opened_where_it_is(b, "fs/protected_fifos", |b, path, owner| {
        b.fifo(path).mode(0o666).owner(owner, 500);
    })
}

/// Links to files of others follow fs.protected_hardlinks, and copy nothing if they are refused.
pub fn perm_protected_hardlinks(b: &mut Builder) -> Steps {
    const NAMES: [&str; 9] = [
        "own",
        "writable",
        "readable",
        "writeonly",
        "setuid",
        "setgid",
        "oddgid",
        "symlink",
        "fifo",
    ];
    b.dir("d").mode(0o777);
    for number in 0..2 {
        for (name, mode, owner) in [
            ("own", 0o000, 1002),
            ("writable", 0o666, 1000),
            ("readable", 0o644, 1000),
            ("writeonly", 0o622, 1000),
            ("setuid", 0o4777, 1000),
            ("setgid", 0o2777, 1000),
            ("oddgid", 0o2767, 1000),
        ] {
            b.file(&format!("{name}{number}"), "text")
                .mode(mode)
                .owner(owner, 500);
        }
        b.symlink(&format!("symlink{number}"), "x");
        b.fifo(&format!("fifo{number}")).mode(0o666);
    }
    steps(|r| {
        for value in ["1", "0"] {
            r.with_sysctl("fs/protected_hardlinks", value, |r| {
                r.as_who(OTHER, |r| {
                    for name in NAMES {
                        r.link(&format!("{name}{value}"), &format!("d/{name}{value}"));
                    }
                });
            });
        }
        r.with_sysctl("fs/protected_hardlinks", "1", |r| {
            r.with_only(OTHER, &[cap::FOWNER], |r| {
                r.link("readable1", "d/by_fowner");
            });
        });
        r.ls("d");
    })
    .layers(|l| {
        l.in_upper("d/own1")?;
        l.in_upper("d/writable1")?;
        for name in ["writeonly1", "setuid1", "setgid1", "symlink1", "fifo1"] {
            l.absent(name)?;
        }
        l.in_upper("d/setuid0")
    })
    .not_on(&["chroot"], shape::NO_PROC)
}

/// O_CREAT does not open files of others in sticky directories, by fs.protected_regular.
pub fn perm_protected_regular(b: &mut Builder) -> Steps {
    opened_where_it_is(b, "fs/protected_regular", |b, path, owner| {
        b.file(path, "text").mode(0o666).owner(owner, 500);
    })
}

/// Who can open an existing object with O_CREAT, for each value of a setting; `make` makes it with an owner of its own.
fn opened_where_it_is(
    b: &mut Builder,
    setting: &'static str,
    make: impl Fn(&mut Builder, &str, u32),
) -> Steps {
    in_places(b, |b, place| {
        for (dir, mode) in [("all", 0o1777), ("group", 0o1775), ("plain", 0o777)] {
            b.dir(&format!("{place}/{dir}")).mode(mode).owner(1003, 500);
            for (name, owner) in [("his", 1001), ("dirs", 1003), ("foreign", 1004)] {
                let path = format!("{place}/{dir}/{name}");
                make(b, &path, owner);
            }
        }
    });
    steps(move |r| {
        for value in ["0", "1", "2"] {
            r.with_sysctl(setting, value, |r| {
                for who in [MEMBER, OTHER] {
                    r.as_who(who, |r| {
                        for place in PLACES {
                            for dir in ["all", "group", "plain"] {
                                for name in ["his", "dirs", "foreign"] {
                                    let path = format!("{place}/{dir}/{name}");
                                    r.try_open(&path, O_RDWR | O_CREAT);
                                    // Without O_CREAT the caller did not intend to create the file.
                                    r.try_open(&path, O_RDWR);
                                }
                            }
                        }
                    });
                }
            });
        }
    })
    .upper_gained(&[])
    .not_on(&["chroot"], shape::NO_PROC)
}

/// In a sticky directory for all, links are followed for their owner and the directory's.
pub fn perm_protected_symlinks(b: &mut Builder) -> Steps {
    in_places(b, |b, place| {
        b.dir(&format!("{place}/tmp")).mode(0o1777).owner(1000, 500);
        b.file(&format!("{place}/tmp/target"), "text")
            .mode(0o666)
            .owner(1003, 1003);
        b.symlink(&format!("{place}/tmp/dirs"), "target")
            .owner(1000, 500);
        b.symlink(&format!("{place}/tmp/members"), "target")
            .owner(1001, 1001);
        b.symlink(&format!("{place}/tmp/roots"), "target");
        b.symlink(&format!("{place}/tmp/via"), "../tmp")
            .owner(1001, 1001);
    });
    steps(|r| {
        for value in ["1", "0"] {
            r.with_sysctl("fs/protected_symlinks", value, |r| {
                for who in [OWNER, MEMBER, OTHER] {
                    r.as_who(who, |r| {
                        for place in PLACES {
                            for name in ["dirs", "members", "roots"] {
                                let path = format!("{place}/tmp/{name}");
                                r.cat(&path);
                                r.stat(&path);
                                r.truncate(&path, 4);
                                r.readlink(&path);
                                r.chmod(&path, 0o666);
                            }
                            r.cat(&format!("{place}/tmp/via/target"));
                        }
                    });
                }
            });
        }
    })
    .in_upper("lower/tmp/target")
    .absent("lower/tmp/roots")
    .not_on(&["chroot"], shape::NO_PROC)
}
