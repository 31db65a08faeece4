// SPDX-License-Identifier: GPL-2.0-only
//! Permission to change modes, owners, times and flags.

use crate::prelude::*;

/// What an unprivileged user may not change is not copied.
pub fn denied_leaves_no_copy(b: &mut Builder) -> Steps {
    b.file("f", "text").xattr("user.a", b"1");
    b.file("secret", "text").mode(0o600);
    b.file("d/g", "text");
    b.symlink("l", "f");
    steps(|r| {
        r.as_user(1000, 1000, |r| {
            r.put("f", O_WRONLY, "T");
            r.open("f", O_RDWR);
            r.open("f", O_RDONLY | O_TRUNC);
            r.truncate("f", 0);
            r.chmod("f", 0o4777);
            r.chown("f", 1000, 1000);
            r.chown("l", 1000, 1000);
            r.utimens("f", (5, 5));
            r.setxattr("f", "user.a", "2");
            r.set_acl("f", "u:7,g:7,o:7");
            r.cat("secret");
            r.unlink("f");
            r.rename("f", "g");
            r.rename("d/g", "g");
            r.link("secret", "mine");
            r.put("new", O_WRONLY | O_CREAT, "x");
            r.mkdir("dir");
            r.symlink("x", "link");
            r.mkfifo("fifo", 0o600);
            r.unlink("d/g");
            r.rmdir("d");
            r.open_mode("d", O_RDWR | O_TMPFILE, 0o600);
            r.access("f", W_OK);
            r.access("f", R_OK);
        });
    })
    .upper_is(&[])
}

/// Groups give rights to lower files.
pub fn group_permission(b: &mut Builder) -> Steps {
    b.file("f", "text").mode(0o060).owner(0, 500);
    b.file("g", "text").mode(0o604).owner(0, 500);
    steps(|r| {
        r.as_user(1000, 500, |r| {
            r.cat("f");
            r.put("f", O_WRONLY, "T");
            r.cat("g");
            r.chmod("f", 0o666);
        });
        r.as_user(1000, 501, |r| {
            r.cat("f");
            r.cat("g");
        });
    })
    .in_upper("f")
}

/// An unprivileged owner changes own lower files.
pub fn owner_changes(b: &mut Builder) -> Steps {
    b.file("f", "text").owner(1000, 1000).mode(0o644);
    b.dir("home").owner(1000, 1000).mode(0o700);
    b.file("home/x", "text").owner(1000, 1000);
    b.file("home/roots", "text");
    steps(|r| {
        r.as_user(1000, 1000, |r| {
            r.put("f", O_WRONLY, "T");
            r.chmod("f", 0o600);
            r.utimens("f", (77, 7));
            r.chown("f", 0, 0);
            r.put("home/new", O_WRONLY | O_CREAT, "n");
            r.unlink("home/roots");
            r.rename("home/x", "home/y");
            r.mkdir("home/dir");
            r.rmdir("home/dir");
            r.chmod("home", 0o755);
        });
        r.stat("f");
        r.stat("home/new");
        r.ls("home");
    })
    .whiteout("home/roots")
    .whiteout("home/x")
}

/// chmod is for the owner, whatever the mode lets others do.
pub fn perm_chmod(b: &mut Builder) -> Steps {
    const NAMES: [&str; 2] = ["file", "dir"];
    in_places(b, |b, place| {
        b.file(&format!("{place}/file"), "text")
            .mode(0o777)
            .owner(1000, 500);
        b.dir(&format!("{place}/dir")).mode(0o777).owner(1000, 500);
        b.file(&format!("{place}/roots"), "text").mode(0o666);
        b.symlink(&format!("{place}/to_roots"), "roots")
            .owner(1000, 500);
    });
    steps(|r| {
        for who in [MEMBER, OTHER, OWNER] {
            r.as_who(who, |r| {
                for place in PLACES {
                    for name in NAMES {
                        r.chmod(&format!("{place}/{name}"), 0o640);
                        let fd = r.open(&format!("{place}/{name}"), O_RDONLY);
                        // Not the mode that it has: setting the same mode is a change, too.
                        r.fchmod(fd, 0o777);
                        r.fchmod(fd, 0o777);
                    }
                    // Of the target of the link.
                    r.chmod(&format!("{place}/to_roots"), 0o600);
                    r.chmod(&format!("{place}/roots"), 0o777);
                }
            });
        }
        for place in PLACES {
            r.stat(&format!("{place}/file"));
            r.stat(&format!("{place}/dir"));
        }
    })
    .layers(|l| {
        let added = ["lower", "lower/file", "lower/dir", "merged/file"];
        l.upper_gained(&added)
    })
}

/// An owner gives a file to own groups, but not to another user.
pub fn perm_chown_groups(b: &mut Builder) -> Steps {
    in_places(b, |b, place| {
        b.file(&format!("{place}/fixed"), "text")
            .mode(0o666)
            .owner(1000, 500);
        b.symlink(&format!("{place}/link"), "fixed")
            .owner(1000, 500);
        b.dir(&format!("{place}/dir")).mode(0o777).owner(1000, 500);
        b.file(&format!("{place}/free"), "text")
            .mode(0o6775)
            .owner(1001, 1001);
    });
    steps(|r| {
        const SAME: u32 = u32::MAX;
        for who in [OWNER, MEMBER, OTHER] {
            r.as_who(who, |r| {
                for place in PLACES {
                    for name in ["fixed", "link", "dir"] {
                        let path = format!("{place}/{name}");
                        r.chown(&path, 1001, SAME);
                        r.chown(&path, 1002, 1002);
                        r.chown(&path, SAME, 777);
                    }
                    let path = format!("{place}/free");
                    // Its current owner: a change to the same value is allowed.
                    r.chown(&path, 1001, 501);
                    r.chown(&path, SAME, 500);
                    r.chown(&path, SAME, 1001);
                    r.chown(&path, SAME, 502);
                    r.lstat(&path);
                }
            });
        }
    })
    .upper_gained(&["lower", "lower/free", "merged/free"])
}

/// Inode flags are for the owner; immutable and append-only need CAP_LINUX_IMMUTABLE.
pub fn perm_flags(b: &mut Builder) -> Steps {
    const NODUMP: u32 = 0x40;
    const APPEND: u32 = 0x20;
    const IMMUTABLE: u32 = 0x10;
    in_places(b, |b, place| {
        b.file(&format!("{place}/file"), "text")
            .mode(0o666)
            .owner(1000, 500);
        b.dir(&format!("{place}/dir")).mode(0o777).owner(1000, 500);
    });
    steps(|r| {
        const ALL: u32 = NODUMP | APPEND | IMMUTABLE;
        let try_all = |r: &mut Run, places: &[&str]| {
            for place in places {
                for name in ["file", "dir"] {
                    let fd = r.open(&format!("{place}/{name}"), O_RDONLY);
                    r.set_flags(fd, IMMUTABLE, ALL);
                    r.set_flags(fd, APPEND, ALL);
                    r.set_flags(fd, NODUMP, ALL);
                    r.get_flags(fd, ALL);
                }
            }
        };
        r.as_who(MEMBER, |r| try_all(r, &PLACES));
        r.as_who(OTHER, |r| try_all(r, &PLACES));
        r.as_who(OWNER, |r| try_all(r, &["upper"]));
        r.without(&[cap::LINUX_IMMUTABLE], |r| try_all(r, &["merged"]));
        r.with_only(OTHER, &[cap::LINUX_IMMUTABLE], |r| try_all(r, &["lower"]));
    })
    .upper_gained(&["merged/file"])
    .not_on(shape::IMAGES, shape::NO_FLAGS)
}

/// Objects that are immutable or append-only in the union refuse even root, and all the more their owner.
pub fn perm_immutable_refuses(b: &mut Builder) -> Steps {
    for name in ["fixed", "log"] {
        b.file(&format!("d/{name}"), "text")
            .mode(0o666)
            .owner(1000, 500);
        b.dir(&format!("{name}_dir")).mode(0o777).owner(1000, 500);
        b.file(&format!("{name}_dir/f"), "text");
    }
    steps(|r| {
        for (name, flag) in [("fixed", 0x10), ("log", 0x20)] {
            for path in [format!("d/{name}"), format!("{name}_dir")] {
                let fd = r.open(&path, O_RDONLY);
                r.set_flags(fd, flag, 0x30);
                r.close(fd);
            }
        }
        let try_all = |r: &mut Run| {
            for name in ["fixed", "log"] {
                let path = format!("d/{name}");
                r.put(&path, O_WRONLY, "T");
                r.put(&path, O_WRONLY | O_APPEND, "T");
                r.truncate(&path, 0);
                r.chmod(&path, 0o600);
                r.chown(&path, 1000, 1000);
                r.utimens(&path, (5, 5));
                r.touch(&path);
                r.setxattr(&path, "user.a", "1");
                r.set_acl(&path, "u:6,user:7:4,g:4,m:4,o:4");
                r.unlink(&path);
                r.rename(&path, "d/x");
                r.link(&path, "d/l");
                let dir = format!("{name}_dir");
                r.unlink(&format!("{dir}/f"));
                r.rename(&format!("{dir}/f"), "d/f");
                r.rmdir(&dir);
            }
        };
        r.as_who(OWNER, try_all);
        r.without(&[], try_all);
        r.try_open("fixed_dir/new", O_WRONLY | O_CREAT);
        r.try_open("log_dir/new", O_WRONLY | O_CREAT);
        for (name, flag) in [("fixed", 0x10), ("log", 0x20)] {
            for path in [format!("d/{name}"), format!("{name}_dir")] {
                let fd = r.open(&path, O_RDONLY);
                r.get_flags(fd, flag);
                r.set_flags(fd, 0, 0x30);
                r.close(fd);
            }
        }
    })
    .absent("fixed_dir/f")
    .not_on(shape::IMAGES, shape::NO_FLAGS)
}

/// O_NOATIME is for the owner and CAP_FOWNER, at open and by fcntl.
pub fn perm_noatime(b: &mut Builder) -> Steps {
    in_places(b, |b, place| {
        b.file(&format!("{place}/file"), "text")
            .mode(0o666)
            .owner(1000, 500);
    });
    steps(|r| {
        let try_all = |r: &mut Run| {
            for place in PLACES {
                let path = format!("{place}/file");
                let fd = r.open(&path, O_RDONLY | libc::O_NOATIME);
                r.read(fd, 4);
                let fd = r.open(&path, O_RDONLY);
                let set = sys::set_status_flags(fd.raw(), libc::O_NOATIME, libc::O_NOATIME);
                r.done("F_SETFL O_NOATIME", set);
                r.read(fd, 4);
                r.open(place, O_RDONLY | O_DIRECTORY | libc::O_NOATIME);
            }
        };
        r.each_user(|r, _| try_all(r));
        r.without(&[cap::FOWNER], try_all);
        r.with_only(OTHER, &[cap::FOWNER], try_all);
    })
    .upper_gained(&[])
}

/// A read-only mount of the union permits no change, and nothing is copied.
pub fn perm_read_only_mount(b: &mut Builder) -> Steps {
    in_places(b, |b, place| {
        b.dir(place).mode(0o775).owner(1000, 500);
        b.file(&format!("{place}/file"), "text")
            .mode(0o644)
            .owner(1000, 500);
    });
    steps(|r| {
        let try_all = |r: &mut Run| {
            for place in PLACES {
                let path = format!("{place}/file");
                r.cat(&path);
                let fd = r.open(&path, O_RDONLY);
                r.fsync(fd);
                r.flock(fd, LOCK_EX);
                r.fchmod(fd, 0o600);
                r.fsetxattr(fd, "user.a", "1");
                r.futimens(fd, (5, 5));
                r.close(fd);
                for flags in [O_WRONLY, O_RDWR, O_RDONLY | O_TRUNC, O_RDONLY | O_CREAT] {
                    r.try_open(&path, flags);
                }
                r.try_open(&format!("{place}/new"), O_WRONLY | O_CREAT);
                r.try_open(place, O_RDWR | O_TMPFILE);
                r.access(&path, W_OK);
                r.truncate(&path, 0);
                r.chmod(&path, 0o600);
                r.chown(&path, 1000, 1000);
                r.touch(&path);
                r.setxattr(&path, "user.a", "1");
                r.set_acl(&path, "u:7,g:7,o:7");
                r.unlink(&path);
                r.mkdir(&format!("{place}/new"));
                r.mkdir(&path);
                r.link(&path, &format!("{place}/new"));
                r.rename(&path, &format!("{place}/new"));
            }
        };
        r.on_bind(libc::MS_RDONLY, |r| {
            try_all(r);
            r.as_who(OWNER, try_all);
            // Forbidden and impossible: the call determines which error comes first.
            r.as_who(OTHER, try_all);
        });
    })
    .upper_gained(&[])
}

/// The owner sets times; a user with write permission, also by a group or an ACL, sets them to now.
pub fn perm_times(b: &mut Builder) -> Steps {
    in_places(b, |b, place| {
        b.file(&format!("{place}/file"), "text")
            .mode(0o664)
            .owner(1000, 500);
        b.symlink(&format!("{place}/link"), "file").owner(1000, 500);
        b.dir(&format!("{place}/dir")).mode(0o775).owner(1000, 500);
        b.fifo(&format!("{place}/fifo"))
            .mode(0o664)
            .owner(1000, 500);
        b.file(&format!("{place}/acl"), "text")
            .mode(0o664)
            .owner(1000, 1000)
            .xattr(acl::ACCESS, &acl::encode("u:6,user:1001:6,g:4,m:6,o:4"));
    });
    steps(|r| {
        const NOW: sys::Time = (0, libc::UTIME_NOW);
        const OMIT: sys::Time = (0, libc::UTIME_OMIT);
        for who in [OTHER, MEMBER] {
            r.as_who(who, |r| {
                for place in PLACES {
                    for name in ["file", "link", "dir", "fifo", "acl"] {
                        let path = format!("{place}/{name}");
                        r.utimens(&path, (7, 7));
                        // One of them is not "now": all or nothing.
                        let result = sys::utimens(&path, NOW, (7, 7), libc::AT_SYMLINK_NOFOLLOW);
                        r.done(format_args!("atime now of {path}"), result);
                        let result = sys::utimens(&path, OMIT, NOW, libc::AT_SYMLINK_NOFOLLOW);
                        r.done(format_args!("mtime now of {path}"), result);
                        let fd = r.open(&path, O_RDONLY | libc::O_NONBLOCK | O_NOFOLLOW);
                        r.futimens(fd, (9, 9));
                        r.done("futimens now", sys::futimens(fd.raw(), NOW, NOW));
                        r.touch(&path);
                        r.lstat(&path);
                    }
                }
            });
        }
    })
    .layers(|l| {
        let added = [
            "lower",
            "lower/file",
            "lower/dir",
            "lower/fifo",
            // Everybody has write permission for a symbolic link.
            "lower/link",
            "merged/link",
            "lower/acl",
            "merged/file",
            "merged/fifo",
            "merged/acl",
        ];
        l.upper_gained(&added)
    })
}

/// A user who may write to a file may only set its times to now.
pub fn touch_by_others(b: &mut Builder) -> Steps {
    b.file("open", "text").mode(0o666);
    b.file("closed", "text");
    b.file("mine", "text").owner(1000, 1000).mode(0o400);
    steps(|r| {
        const NOW: sys::Time = (0, libc::UTIME_NOW);
        const OMIT: sys::Time = (0, libc::UTIME_OMIT);
        r.as_user(1000, 1000, |r| {
            for name in ["open", "closed", "mine"] {
                r.done(
                    format_args!("touch {name}"),
                    sys::utimens(name, NOW, NOW, 0),
                );
                r.done(
                    format_args!("times of {name}"),
                    sys::utimens(name, (7, 7), (7, 7), 0),
                );
                r.done(
                    format_args!("omit of {name}"),
                    sys::utimens(name, OMIT, OMIT, 0),
                );
            }
        });
        for name in ["open", "closed", "mine"] {
            r.stat(name);
        }
    })
    .absent("closed")
}
