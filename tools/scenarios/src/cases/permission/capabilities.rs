// SPDX-License-Identifier: GPL-2.0-only
//! The effects of single capabilities.

use crate::prelude::*;

/// CAP_CHOWN permits any change of owner, and without it root can change none.
pub fn perm_cap_chown(b: &mut Builder) -> Steps {
    in_places(b, |b, place| {
        for dir in ["with", "without"] {
            let path = |name: &str| format!("{place}/{dir}/{name}");
            b.file(&path("file"), "text").mode(0o6755).owner(1000, 500);
            b.file(&path("roots"), "text");
            b.symlink(&path("link"), "file").owner(1000, 500);
            b.fifo(&path("fifo")).owner(1000, 500);
            b.dir(&path("dir")).owner(1000, 500);
        }
    });
    steps(|r| {
        const SAME: u32 = u32::MAX;
        let try_all = |r: &mut Run, dir: &str| {
            for place in PLACES {
                for name in ["file", "roots", "link", "fifo", "dir"] {
                    let path = format!("{place}/{dir}/{name}");
                    r.chown(&path, 7, SAME);
                    r.chown(&path, SAME, 8);
                    r.chown(&path, 9, 9);
                    r.lstat(&path);
                }
                // The group of root's own file may be root's.
                r.chown(&format!("{place}/{dir}/roots"), 0, 0);
            }
        };
        r.without(&[cap::CHOWN], |r| try_all(r, "without"));
        r.with_only(OTHER, &[cap::CHOWN], |r| try_all(r, "with"));
    })
    .absent("lower/without/file")
    .absent("lower/without/link")
    .in_upper("lower/without/roots")
    .in_upper("lower/with/link")
}

/// CAP_DAC_OVERRIDE opens and makes anything, but changes no attributes of others.
pub fn perm_cap_dac_override(b: &mut Builder) -> Steps {
    in_places(b, |b, place| {
        b.dir(&format!("{place}/shut")).mode(0).owner(1000, 500);
        b.file(&format!("{place}/shut/file"), "text")
            .mode(0)
            .owner(1000, 500);
        b.file(&format!("{place}/shut/for_root"), "text");
        b.file(&format!("{place}/shut/for_other"), "text");
    });
    steps(|r| {
        let try_all = |r: &mut Run, by: &str| {
            for place in PLACES {
                let path = format!("{place}/shut/file");
                r.cat(&path);
                r.try_open(&path, O_RDWR);
                r.try_open(&path, O_RDONLY | O_TRUNC);
                r.access(&path, X_OK);
                r.chmod(&path, 0o777);
                r.utimens(&path, (5, 5));
                r.touch(&path);
                r.setxattr(&path, "user.a", by);
                r.set_acl(&path, "u:7,g:7,o:7");
                r.ls(&format!("{place}/shut"));
                r.put(&format!("{place}/shut/{by}"), O_WRONLY | O_CREAT, by);
                r.unlink(&format!("{place}/shut/for_{by}"));
                r.access(&format!("{place}/shut"), X_OK);
            }
        };
        // Without the capability, uid 0 is an ordinary user, and owns none of the objects.
        r.without(
            &[cap::DAC_OVERRIDE, cap::DAC_READ_SEARCH, cap::FOWNER],
            |r| {
                try_all(r, "root");
            },
        );
        r.with_only(OTHER, &[cap::DAC_OVERRIDE], |r| try_all(r, "other"));
        for place in PLACES {
            r.ls(&format!("{place}/shut"));
        }
    })
    .absent("lower/shut/root")
    .absent("lower/shut/for_root")
    .whiteout("lower/shut/for_other")
}

/// CAP_DAC_READ_SEARCH reads everything, writes nothing, and copies nothing.
pub fn perm_cap_dac_read_search(b: &mut Builder) -> Steps {
    in_places(b, |b, place| {
        b.dir(&format!("{place}/open")).mode(0o777);
        b.dir(&format!("{place}/shut")).mode(0).owner(1000, 500);
        b.file(&format!("{place}/shut/file"), "text")
            .mode(0)
            .owner(1000, 500)
            .xattr("user.a", b"1");
    });
    steps(|r| {
        r.with_only(OTHER, &[cap::DAC_READ_SEARCH], |r| {
            for place in PLACES {
                let path = format!("{place}/shut/file");
                r.ls(&format!("{place}/shut"));
                r.cat(&path);
                r.stat(&path);
                r.getxattr(&path, "user.a");
                r.access(&path, R_OK);
                r.access(&path, W_OK);
                r.exec(&path, &[]);
                r.try_open(&path, O_WRONLY);
                r.try_open(&path, O_RDWR);
                r.truncate(&path, 0);
                r.touch(&path);
                r.setxattr(&path, "user.a", "2");
                r.unlink(&path);
                r.try_open(&format!("{place}/shut/new"), O_WRONLY | O_CREAT);
                r.link(&path, &format!("{place}/open/link"));
                let fd = r.open(&path, O_RDONLY);
                // Through its descriptor it has a right to the file that its path would not give.
                r.link_empty(fd, &format!("{place}/shut/link"));
                r.close(fd);
            }
        });
    })
    .upper_gained(&[])
}

/// CAP_FOWNER replaces ownership; uid 0 alone does not.
pub fn perm_cap_fowner(b: &mut Builder) -> Steps {
    in_places(b, |b, place| {
        b.file(&format!("{place}/file"), "text").owner(1000, 500);
        b.dir(&format!("{place}/tmp")).mode(0o1777).owner(1000, 500);
        for name in ["moves", "for_root", "for_other"] {
            b.file(&format!("{place}/tmp/{name}"), "text")
                .owner(1000, 500);
        }
    });
    steps(|r| {
        let try_all = |r: &mut Run, by: &str| {
            for place in PLACES {
                let path = format!("{place}/file");
                r.chmod(&path, 0o4644);
                r.utimens(&path, (5, 5));
                r.touch(&path);
                r.set_acl(&path, "u:6,user:7:4,g:4,m:4,o:4");
                r.removexattr(&path, acl::ACCESS);
                r.chown(&path, u32::MAX, 501);
                r.try_open(&path, O_RDONLY | libc::O_NOATIME);
                r.cat(&path);
                r.setxattr(&format!("{place}/tmp"), "user.a", by);
                r.rename(&format!("{place}/tmp/moves"), &format!("{place}/tmp/{by}"));
                r.unlink(&format!("{place}/tmp/for_{by}"));
            }
        };
        r.without(&[cap::FOWNER], |r| try_all(r, "root"));
        r.with_only(OTHER, &[cap::FOWNER], |r| try_all(r, "other"));
        for place in PLACES {
            r.stat(&format!("{place}/file"));
            r.ls(&format!("{place}/tmp"));
        }
    })
    .absent("lower/tmp/for_root")
    .whiteout("lower/tmp/for_other")
    .in_upper("lower/tmp/other")
}

/// CAP_FSETID keeps set-id bits at writes, and lets those outside the group set them.
pub fn perm_cap_fsetid(b: &mut Builder) -> Steps {
    // Set-group-id without execute permission for the group once meant mandatory locks.
    const MODES: [u32; 4] = [0o6777, 0o2777, 0o2767, 0o4766];
    in_places(b, |b, place| {
        for mode in MODES {
            b.file(&format!("{place}/{mode:04o}"), "text")
                .mode(mode)
                .owner(1002, 500);
        }
    });
    steps(|r| {
        let change = |r: &mut Run| {
            for place in PLACES {
                for mode in MODES {
                    let path = format!("{place}/{mode:04o}");
                    r.put(&path, O_WRONLY, "T");
                    r.stat(&path);
                    r.chmod(&path, mode);
                    r.stat(&path);
                    r.truncate(&path, 2);
                    r.stat(&path);
                }
            }
        };
        r.with_only(OTHER, &[cap::FSETID], change);
        r.with_only(OTHER, &[cap::FOWNER, cap::CHOWN], change);
        r.without(&[cap::FSETID], change);
    })
    .in_upper("lower/2767")
}

/// Leases are for the owner of a file and CAP_LEASE.
pub fn perm_cap_lease(b: &mut Builder) -> Steps {
    in_places(b, |b, place| {
        b.file(&format!("{place}/file"), "text")
            .mode(0o666)
            .owner(1000, 500);
    });
    steps(|r| {
        let try_all = |r: &mut Run| {
            for place in PLACES {
                let fd = r.open(&format!("{place}/file"), O_RDONLY);
                r.set_lease(fd, F_RDLCK);
                r.get_lease(fd);
                r.set_lease(fd, F_UNLCK);
                r.close(fd);
            }
        };
        r.as_who(OWNER, try_all);
        r.as_who(OTHER, try_all);
        r.without(&[cap::LEASE], try_all);
        r.with_only(OTHER, &[cap::LEASE], try_all);
    })
    .upper_gained(&[])
}

/// The file system ids alone decide on owner, rights, and the effect of capabilities.
pub fn perm_fsuid(b: &mut Builder) -> Steps {
    in_places(b, |b, place| {
        b.file(&format!("{place}/his"), "text")
            .mode(0o600)
            .owner(1000, 1000);
        b.file(&format!("{place}/groups"), "text")
            .mode(0o060)
            .owner(0, 500);
        b.file(&format!("{place}/roots"), "text").mode(0o600);
        b.dir(&format!("{place}/dir")).mode(0o770).owner(1003, 500);
    });
    steps(|r| {
        r.with_fs_ids(1000, 500, |r| {
            for place in PLACES {
                for name in ["his", "groups", "roots"] {
                    let path = format!("{place}/{name}");
                    r.put(&path, O_WRONLY, "T");
                    r.chmod(&path, 0o660);
                    r.chown(&path, 1000, 7);
                    r.access(&path, W_OK);
                }
                r.put(&format!("{place}/dir/new"), O_WRONLY | O_CREAT, "mine");
                r.mknod(&format!("{place}/dir/node"), libc::S_IFCHR, 0o600, 1, 3);
                r.unlink(&format!("{place}/roots"));
                r.stat(&format!("{place}/dir/new"));
            }
        });
        for place in PLACES {
            r.stat(&format!("{place}/groups"));
        }
    })
    .in_upper("lower/his")
    .in_upper("lower/groups")
    .absent("lower/roots")
}
