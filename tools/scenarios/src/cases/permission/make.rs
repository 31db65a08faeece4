// SPDX-License-Identifier: GPL-2.0-only
//! Permission to create names.

use crate::prelude::*;

/// O_CREAT in a directory that is not writable opens an existing file and makes nothing.
pub fn perm_create_existing(b: &mut Builder) -> Steps {
    b.dir("d").owner(1003, 1003);
    b.file("d/low", "text").owner(1000, 500).mode(0o664);
    b.lower(0).file("d/copied", "old");
    b.file("d/white", "gone").mode(0o666);
    b.symlink("d/dangling", "nowhere");
    b.upper().dir("d").owner(1003, 1003);
    b.file("d/upper", "text").owner(1000, 500).mode(0o646);
    b.file("d/copied", "new").owner(1000, 500).mode(0o606);
    b.whiteout("d/white");
    steps(|r| {
        r.each_user(|r, _| {
            for name in ["low", "upper", "copied", "white", "free"] {
                let path = format!("d/{name}");
                r.try_open(&path, O_RDONLY | O_CREAT);
                r.try_open(&path, O_RDWR | O_CREAT);
                r.try_open(&path, O_WRONLY | O_CREAT | O_EXCL);
                // EEXIST comes before EACCES.
                r.mkdir(&path);
                r.symlink("x", &path);
                r.mkfifo(&path, 0o600);
            }
            r.try_open("d", O_RDWR | O_CREAT);
            r.try_open("d/dangling", O_RDONLY | O_CREAT);
        });
    })
    .upper_gained(&[])
}

/// Creating a name requires write and search permission for its directory.
pub fn perm_create_in_dirs(b: &mut Builder) -> Steps {
    // The right to write without the right to search has no use, and vice versa.
    const MODES: [u32; 6] = [0o200, 0o300, 0o500, 0o070, 0o003, 0o442];
    in_places(b, |b, place| {
        for mode in MODES {
            b.dir(&format!("{place}/{mode:03o}"))
                .mode(mode)
                .owner(1000, 500);
        }
    });
    steps(|r| {
        r.each_user(|r, who| {
            for place in PLACES {
                for mode in MODES {
                    let name = format!("{place}/{mode:03o}/{}", who.name);
                    r.try_open(&name, O_WRONLY | O_CREAT | O_EXCL);
                }
            }
        });
        for place in PLACES {
            for mode in MODES {
                r.ls(&format!("{place}/{mode:03o}"));
            }
        }
    })
    .upper_gained(&[
        "lower",
        "lower/300",
        "lower/300/owner",
        "lower/070",
        "lower/070/member",
        "lower/003",
        "lower/003/other",
        "merged/300/owner",
        "merged/070/member",
        "merged/003/other",
        "upper/300/owner",
        "upper/070/member",
        "upper/003/other",
    ])
}

/// An object made over a whiteout belongs to its maker and obeys the umask.
pub fn perm_create_over_whiteout(b: &mut Builder) -> Steps {
    const NAMES: [&str; 6] = ["file", "dir", "fifo", "link", "socket", "node"];
    for dir in ["plain", "setgid"] {
        let mode = if dir == "plain" { 0o777 } else { 0o2777 };
        for name in NAMES {
            b.lower(0);
            b.dir(dir).mode(mode).owner(0, 500);
            b.file(&format!("{dir}/{name}"), "old").mode(0o4755);
            b.upper().dir(dir).mode(mode).owner(0, 500);
            b.whiteout(&format!("{dir}/{name}"));
        }
    }
    steps(|r| {
        r.as_who(OTHER, |r| {
            r.with_umask(0o027, |r| {
                for dir in ["plain", "setgid"] {
                    let name = |name: &str| format!("{dir}/{name}");
                    // Not a member of group 500, so it may not set set-group-id.
                    r.open_mode(&name("file"), O_WRONLY | O_CREAT, 0o6777);
                    r.mkdir_mode(&name("dir"), 0o1777);
                    r.mkfifo(&name("fifo"), 0o666);
                    r.symlink("target", &name("link"));
                    r.bind(&name("socket"));
                    r.mknod(&name("node"), libc::S_IFREG, 0o2711, 0, 0);
                }
            });
        });
        for dir in ["plain", "setgid"] {
            for name in NAMES {
                r.lstat(&format!("{dir}/{name}"));
            }
        }
    })
    .opaque("setgid/dir")
}

/// Making and removing a directory needs rights to its parent.
pub fn perm_mkdir_rmdir(b: &mut Builder) -> Steps {
    in_places(b, |b, place| {
        for mode in [0o700, 0o070, 0o007] {
            let parent = format!("{place}/p{mode:03o}");
            b.dir(&parent).mode(mode).owner(1000, 500);
            for who in USERS {
                b.dir(&format!("{parent}/shut.{}", who.name)).mode(0);
                b.file(&format!("{parent}/full.{}/f", who.name), "text");
            }
        }
    });
    steps(|r| {
        r.each_user(|r, who| {
            for place in PLACES {
                for parent in ["p700", "p070", "p007"] {
                    let path = |name: &str| format!("{place}/{parent}/{name}.{}", who.name);
                    r.mkdir(&path("new"));
                    // The rights to the directory itself do not matter.
                    r.rmdir(&path("shut"));
                    r.rmdir(&path("full"));
                }
            }
        });
        for place in PLACES {
            for parent in ["p700", "p070", "p007"] {
                r.ls(&format!("{place}/{parent}"));
            }
        }
    })
    .layers(|l| {
        for (parent, who) in [("p700", "owner"), ("p070", "member"), ("p007", "other")] {
            l.whiteout(&format!("lower/{parent}/shut.{who}"))?;
            l.whiteout(&format!("merged/{parent}/shut.{who}"))?;
            l.absent(&format!("upper/{parent}/shut.{who}"))?;
            l.absent(&format!("lower/{parent}/full.{who}"))?;
        }
        l.absent("lower/p700/new.member")?;
        l.absent("lower/p070/shut.other")
    })
}

/// Devices require CAP_MKNOD, all other kinds only write permission for the directory.
pub fn perm_mknod(b: &mut Builder) -> Steps {
    b.dir("closed");
    b.dir("open").mode(0o777);
    b.lower(0).file("open/white", "x");
    b.upper().dir("open").mode(0o777);
    b.whiteout("open/white");
    steps(|r| {
        let kinds = [
            libc::S_IFCHR,
            libc::S_IFBLK,
            libc::S_IFIFO,
            libc::S_IFSOCK,
            libc::S_IFREG,
        ];
        let try_all = |r: &mut Run, who: &str| {
            for kind in kinds {
                r.mknod(&format!("closed/{who}{kind:o}"), kind, 0o666, 1, 3);
                r.mknod(&format!("open/{who}{kind:o}"), kind, 0o666, 1, 3);
            }
            r.mknod("open/white", libc::S_IFBLK, 0o600, 1, 3);
        };
        r.as_who(OTHER, |r| try_all(r, "other"));
        r.without(&[cap::MKNOD], |r| try_all(r, "root"));
        r.with_only(OTHER, &[cap::MKNOD], |r| try_all(r, "maker"));
        r.ls("closed");
        r.ls("open");
    })
    .in_upper("open/white")
}

/// A device 0:0 cannot be made, with or without CAP_MKNOD, and the attempt copies nothing.
pub fn perm_mknod_whiteout(b: &mut Builder) -> Steps {
    b.dir("d").mode(0o777);
    steps(|r| {
        let zero = |r: &mut Run| r.mknod("d/zero", libc::S_IFCHR, 0o600, 0, 0);
        r.as_who(OTHER, |r| {
            zero(r);
            r.unlink("d/zero");
        });
        r.with_only(OTHER, &[cap::MKNOD], |r| {
            zero(r);
            r.unlink("d/zero");
        });
        // The block device of the same number is no whiteout.
        r.as_who(OTHER, |r| {
            r.mknod("d/block", libc::S_IFBLK, 0o600, 0, 0);
        });
        r.ls("d");
    })
    .upper_is(&[])
    .allow("d/zero", "a character device 0:0 is a whiteout")
    .allow(
        "walk d ",
        "the directory in which the device was made and removed has changed, the other has not",
    )
}

/// The group of a set-group-id directory is inherited by new objects, but not by rename or link.
pub fn perm_setgid_chain(b: &mut Builder) -> Steps {
    in_places(b, |b, place| {
        b.dir(&format!("{place}/team"))
            .mode(0o2777)
            .owner(1003, 500);
        b.dir(&format!("{place}/plain"))
            .mode(0o777)
            .owner(1003, 500);
        b.file(&format!("{place}/plain/comes"), "text")
            .owner(1002, 1002);
        b.file(&format!("{place}/plain/linked"), "text")
            .owner(1002, 1002);
    });
    steps(|r| {
        r.as_who(OTHER, |r| {
            for place in PLACES {
                let team = format!("{place}/team");
                r.mkdir(&format!("{team}/a"));
                r.mkdir_mode(&format!("{team}/a/b"), 0o700);
                r.put(&format!("{team}/a/b/f"), O_WRONLY | O_CREAT, "x");
                r.rename(&format!("{place}/plain/comes"), &format!("{team}/came"));
                r.link(&format!("{place}/plain/linked"), &format!("{team}/linked"));
                r.rename(&format!("{team}/a"), &format!("{place}/plain/a"));
                r.mkdir(&format!("{place}/plain/a/c"));
                let fd = r.open_mode(&team, O_RDWR | O_TMPFILE, 0o2775);
                r.fstat(fd);
                r.link_fd(fd, &format!("{place}/plain/tmp"));
                for name in [
                    "team/came",
                    "team/linked",
                    "plain/a",
                    "plain/a/b",
                    "plain/a/b/f",
                ] {
                    r.stat(&format!("{place}/{name}"));
                }
                r.stat(&format!("{place}/plain/a/c"));
                r.stat(&format!("{place}/plain/tmp"));
            }
        });
    })
    .whiteout("lower/plain/comes")
}

/// O_TMPFILE and the first name of the file need rights to directories, not to the file.
pub fn perm_tmpfile_places(b: &mut Builder) -> Steps {
    in_places(b, |b, place| {
        b.dir(&format!("{place}/open")).mode(0o777);
        b.dir(&format!("{place}/shut")).mode(0o750);
        b.dir(&format!("{place}/look")).mode(0o755);
        b.dir(&format!("{place}/team")).mode(0o770).owner(1000, 500);
    });
    steps(|r| {
        for place in PLACES {
            let roots = r.open_mode(&format!("{place}/open"), O_RDWR | O_TMPFILE, 0o600);
            for who in [OTHER, MEMBER] {
                r.as_who(who, |r| {
                    for dir in ["shut", "look", "team"] {
                        let dir = format!("{place}/{dir}");
                        let fd = r.open_mode(&dir, O_RDWR | O_TMPFILE, 0o000);
                        r.open_mode(&dir, O_RDONLY | O_TMPFILE, 0o600);
                        r.link_fd(fd, &format!("{place}/open/{}", who.name));
                        r.link_empty(fd, &format!("{place}/open/{}.again", who.name));
                    }
                    // A file of root, through an inherited descriptor.
                    r.link_fd(roots, &format!("{place}/open/roots.{}", who.name));
                    r.link_fd(roots, &format!("{place}/shut/roots"));
                });
            }
            r.ls(&format!("{place}/open"));
        }
    })
    .absent("lower/shut")
    .absent("lower/look")
    .in_upper("lower/team")
}
