// SPDX-License-Identifier: GPL-2.0-only
//! Creating objects: types, places and owners.

use crate::prelude::*;

/// A file is created at the bottom of lower directories.
pub fn create_in_deep_lower(b: &mut Builder) -> Steps {
    b.file("a/b/c/d/e/f/g/h/old", "old");
    steps(|r| {
        r.put("a/b/c/d/e/f/g/h/new", O_WRONLY | O_CREAT, "new");
        r.mkdir("a/b/c/d/e/f/g/h/dir");
        r.ls("a/b/c/d/e/f/g/h");
        r.ls("a/b");
        r.unlink("a/b/c/d/e/f/g/h/old");
        r.ls("a/b/c/d/e/f/g/h");
    })
    .whiteout("a/b/c/d/e/f/g/h/old")
}

/// New files get the requested mode, and exist.
pub fn create_new(b: &mut Builder) -> Steps {
    b.dir("d");
    steps(|r| {
        r.put("f", O_WRONLY | O_CREAT, "one");
        r.put("d/f", O_WRONLY | O_CREAT | O_EXCL, "two");
        r.open_mode("d/m", O_RDWR | O_CREAT, 0o4711);
        r.stat("d/m");
        r.with_umask(0o077, |r| {
            r.open_mode("d/u", O_RDWR | O_CREAT, 0o666);
            r.mkdir_mode("d/dir", 0o777);
        });
        r.stat("d/u");
        r.stat("d/dir");
        r.cat("d/f");
        r.ls("d");
    })
    .not_opaque("d")
}

/// An object that a user makes over a whiteout belongs to the user, also a directory with its mark. Where the user may
/// make nothing, the name stays deleted.
pub fn make_by_users(b: &mut Builder) -> Steps {
    for dir in ["open", "closed", "his"] {
        for name in ["f", "d", "s"] {
            b.file(&format!("{dir}/{name}"), "old");
        }
    }
    b.dir("open").mode(0o1777);
    b.dir("his").owner(1000, 1000).mode(0o700);
    steps(|r| {
        for dir in ["open", "closed", "his"] {
            for name in ["f", "d", "s"] {
                r.unlink(&format!("{dir}/{name}"));
            }
            r.as_user(1000, 2000, |r| {
                r.make(What::File, &format!("{dir}/f"));
                r.make(What::Full, &format!("{dir}/d"));
                r.make(What::Symlink, &format!("{dir}/s"));
                r.make(What::Char, &format!("{dir}/c"));
                r.link(&format!("{dir}/f"), &format!("{dir}/d/f"));
                r.rename(&format!("{dir}/d"), &format!("{dir}/e"));
                r.rmdir(&format!("{dir}/e"));
            });
            r.ls(dir);
        }
        r.stat("open/e");
        r.lstat("his/s");
    })
    .layers(|l| {
        for name in ["f", "d", "s"] {
            l.whiteout(&format!("closed/{name}"))?;
        }
        l.whiteout("open/d")
    })
}

/// Also over a whiteout, the default ACL and the group of the directory are inherited, and the umask is ignored.
pub fn make_inherits_over_whiteouts(b: &mut Builder) -> Steps {
    let acl = acl::encode("u:7,user:9:7,g:5,m:7,o:0");
    b.dir("acl").xattr(acl::DEFAULT, &acl);
    b.dir("group").mode(0o2777).owner(0, 500);
    for dir in ["acl", "group"] {
        for name in ["f", "d", "p", "l"] {
            b.file(&format!("{dir}/{name}"), "old");
        }
    }
    steps(|r| {
        for dir in ["acl", "group"] {
            for name in ["f", "d", "p", "l"] {
                r.unlink(&format!("{dir}/{name}"));
            }
            r.with_umask(0o027, |r| {
                r.open_mode(&format!("{dir}/f"), O_RDWR | O_CREAT, 0o666);
                r.mkdir_mode(&format!("{dir}/d"), 0o777);
                r.mkfifo(&format!("{dir}/p"), 0o622);
                r.symlink("x", &format!("{dir}/l"));
                r.mkdir_mode(&format!("{dir}/d/deep"), 0o700);
            });
            for name in ["f", "d", "p", "l", "d/deep"] {
                r.lstat(&format!("{dir}/{name}"));
                r.get_acl(&format!("{dir}/{name}"));
            }
        }
    })
    .opaque("acl/d")
    .opaque("group/d")
}

/// An object of any type is made where one of any type was deleted, before the mount or after, and shows nothing of it.
pub fn make_kinds_over_whiteouts(b: &mut Builder) -> Steps {
    for (gone, _, dir) in What::pairs(&What::ALL, &What::ALL) {
        b.lower(0).object(gone, &format!("{dir}/after"));
        b.object(gone, &format!("{dir}/before"));
        b.upper().whiteout(&format!("{dir}/before"));
    }
    steps(|r| {
        for (gone, made, dir) in What::pairs(&What::ALL, &What::ALL) {
            r.remove(gone, &format!("{dir}/after"));
            for name in ["after", "before"] {
                let name = format!("{dir}/{name}");
                r.lstat(&name);
                r.make(made, &name);
                r.see(&name);
            }
            r.ls(&dir);
        }
    })
    .layers(|l| {
        for (_, made, dir) in What::pairs(&What::ALL, &What::ALL) {
            for name in ["after", "before"] {
                l.in_upper(&format!("{dir}/{name}"))?;
                if made.is_dir() {
                    l.opaque(&format!("{dir}/{name}"))?;
                }
            }
        }
        Ok(())
    })
}

/// Nothing of any type is made under a name that exists in any layer, and nothing is copied up for it.
pub fn make_kinds_where_taken(b: &mut Builder) -> Steps {
    for what in What::ALL {
        b.anywhere().object(what, &format!("lower/{what}"));
        b.upper().object(what, &format!("upper/{what}"));
    }
    b.lower(1).file("mixed/full/below", "x");
    b.lower(0).file("mixed/full/above", "x");
    steps(|r| {
        for what in What::ALL {
            for made in What::ALL {
                r.make(made, &format!("lower/{what}"));
                r.make(made, &format!("upper/{what}"));
                r.make(made, "mixed/full");
                if !what.is_dir() {
                    r.make(made, &format!("lower/{what}/x"));
                }
            }
        }
    })
    .absent("lower")
    .absent("mixed")
}

/// The umask and the requested mode have the same effect over whiteouts as under free names.
pub fn make_masks(b: &mut Builder) -> Steps {
    for mask in [0, 0o022, 0o077, 0o777] {
        for name in ["file", "dir", "fifo", "null", "exists"] {
            b.file(&format!("d/{name}{mask:o}"), "old").mode(0o604);
        }
    }
    steps(|r| {
        for mask in [0, 0o022, 0o077, 0o777] {
            for name in ["file", "dir", "fifo", "null"] {
                r.unlink(&format!("d/{name}{mask:o}"));
            }
            r.with_umask(mask, |r| {
                for place in ["d/", "d/free-"] {
                    r.open_mode(&format!("{place}file{mask:o}"), O_RDWR | O_CREAT, 0o6777);
                    r.mkdir_mode(&format!("{place}dir{mask:o}"), 0o7777);
                    r.mkfifo(&format!("{place}fifo{mask:o}"), 0o4666);
                    r.mknod(&format!("{place}null{mask:o}"), libc::S_IFCHR, 0o1666, 1, 3);
                    r.symlink("x", &format!("{place}link{mask:o}"));
                    r.mknod(
                        &format!("{place}plain{mask:o}"),
                        libc::S_IFREG,
                        0o2777,
                        0,
                        0,
                    );
                }
                r.put(&format!("d/exists{mask:o}"), O_WRONLY | O_CREAT, "new");
            });
            for name in r.names("d") {
                r.lstat(&format!("d/{name}"));
            }
        }
    })
    .opaque("d/dir0")
}

/// Names that look like those in the union's work directory are ordinary names.
pub fn make_names_of_the_work_directory(b: &mut Builder) -> Steps {
    b.file("#00000001", "lower");
    b.file("work/incompat/volatile/f", "lower");
    b.file(".wh.f", "lower");
    b.dir("index");
    steps(|r| {
        for number in 0..6 {
            let name = format!("#{number:08x}");
            r.put(&name, O_WRONLY | O_CREAT, &name);
            r.unlink(&name);
            r.mkdir(&name);
            r.see(&name);
        }
        r.unlink("work/incompat/volatile/f");
        r.rmdir("work/incompat/volatile");
        r.put("work/incompat/volatile", O_WRONLY | O_CREAT, "x");
        r.put(".wh.f", O_WRONLY, "L");
        r.put("f", O_WRONLY | O_CREAT | O_EXCL, "f");
        r.unlink(".wh.f");
        r.put("index/f", O_WRONLY | O_CREAT, "f");
        r.rename("#00000003", "index/#00000001");
        r.ls(".");
        r.ls("index");
    })
    .opaque("#00000001")
    .not_opaque("#00000002")
    .whiteout(".wh.f")
    .not_on(&["aufs"], shape::NO_SUCH_NAMES)
}

/// mkdir -p along deleted directories: the first is opaque, those in it need not be.
pub fn make_path_over_whiteouts(b: &mut Builder) -> Steps {
    b.lower(1).file("a/b/c/d/bottom", "x");
    b.lower(0).file("a/b/c/f", "x");
    b.file("e/f/g/h", "x");
    b.upper().whiteout("e/f");
    steps(|r| {
        r.remove_tree("a", Vec::pop);
        for path in ["a", "a/b", "a/b/c", "a/b/c/d", "e/f", "e/f/g", "e/f/g/h"] {
            r.mkdir(path);
            r.see(path);
            r.mkdir(path);
        }
        r.rmdir("a/b/c/d");
        r.rmdir("a/b/c");
        r.make(What::Symlink, "a/b/c");
        r.rmdir("e/f/g/h");
        r.make(What::File, "e/f/g/h");
        r.cat("e/f/g/h");
    })
    .layers(|l| {
        l.opaque("a")?;
        l.opaque("e/f")?;
        for path in ["a/b", "e", "e/f/g"] {
            l.not_opaque(path)?;
        }
        Ok(())
    })
}

/// Of many processes that make one name over a whiteout, each by another call, one succeeds.
pub fn make_race(b: &mut Builder) -> Steps {
    for number in 0..20 {
        b.file(&format!("d/{number}"), "old");
    }
    steps(|r| {
        r.put("count", O_WRONLY | O_CREAT, "");
        for number in 0..20 {
            sys::unlink(format!("d/{number}")).expect("a lower file");
        }
        r.parallel(5, |process| {
            let count = sys::open("count", O_WRONLY | O_APPEND, 0).expect("the file to count in");
            for number in 0..20 {
                let name = format!("d/{number}");
                let result = match (process + number) % 5 {
                    0 => sys::mkdir(&name, 0o755),
                    1 => sys::symlink("x", &name),
                    2 => sys::mknod(&name, libc::S_IFIFO | 0o600, 0),
                    3 => sys::link("count", &name, 0),
                    _ => sys::open(&name, O_WRONLY | O_CREAT | O_EXCL, 0o644).and_then(sys::close),
                };
                match result {
                    Ok(()) => drop(sys::write(count, b"1", None).expect("counted")),
                    Err(error) => assert_eq!(error, Errno(libc::EEXIST)),
                }
            }
        });
        let made = slurp("count").map_or(0, |data| data.len());
        r.expect("each was made once", made == 20);
        let names = r.names("d");
        r.expect("and is there", names.len() == 20);
        // The winner is random.
        r.unlink("count");
        for name in names {
            let path = format!("d/{name}");
            let _ = sys::unlink(&path);
            let _ = sys::rmdir(&path);
        }
        r.ls("d");
        r.mkdir("d/0");
        r.see("d/0");
    })
    .absent("count")
    .opaque("d/0")
    .whiteout("d/19")
}

/// O_CREAT through symbolic links of every layer makes the target, over a whiteout as well; O_EXCL and mkdir do not
/// follow.
pub fn make_through_links(b: &mut Builder) -> Steps {
    b.lower(0).dir("d");
    b.file("d/gone", "old");
    b.symlink("to-free", "d/free");
    b.symlink("to-gone", "d/gone");
    b.symlink("to-none", "none/f");
    b.symlink("twice", "upper");
    b.upper().symlink("upper", "d/more");
    b.symlink("d/dir", ".");
    steps(|r| {
        r.unlink("d/gone");
        for name in ["to-free", "to-gone", "to-none", "twice", "upper", "d/dir"] {
            r.put(name, O_WRONLY | O_CREAT | O_EXCL, "x");
            r.put(name, O_WRONLY | O_CREAT | O_NOFOLLOW, "x");
            r.mkdir(name);
            r.mkfifo(name, 0o600);
            r.symlink("x", name);
            r.put(name, O_WRONLY | O_CREAT, name);
            r.lstat(name);
        }
        r.mkdir("to-none/");
        r.mkdir("d/dir/sub");
        r.ls("d");
        r.cat("d/gone");
        r.cat("to-gone");
    })
    .in_upper("d/gone")
    .absent("to-gone")
}

/// mkdir under an existing name.
pub fn mkdir_existing(b: &mut Builder) -> Steps {
    b.dir("d");
    b.file("f", "text");
    b.symlink("dangling", "none");
    steps(|r| {
        r.mkdir("d");
        r.mkdir("f");
        r.mkdir("dangling");
        r.mkdir("f/x");
        r.mkdir("none/x");
        r.mkdir("d/..");
        r.mkdir("new/");
        r.ls(".");
    })
    .upper_is(&["new"])
}

/// mkdir over a whiteout makes an opaque directory.
pub fn mkdir_over_whiteout(b: &mut Builder) -> Steps {
    b.lower(0).file("d/f", "text");
    b.upper().whiteout("d");
    steps(|r| {
        r.lstat("d");
        r.mkdir("d");
        r.ls("d");
        r.put("d/g", O_WRONLY | O_CREAT, "x");
    })
    .opaque("d")
}

/// An object made in a set-group-id directory gets its group.
pub fn setgid_directory(b: &mut Builder) -> Steps {
    b.dir("d").mode(0o2777).owner(0, 500);
    steps(|r| {
        r.as_user(1000, 1000, |r| {
            r.put("d/f", O_WRONLY | O_CREAT, "x");
            r.mkdir("d/sub");
            r.symlink("x", "d/l");
            r.open_mode("d/g", O_RDWR | O_CREAT, 0o2775);
        });
        r.stat("d/f");
        r.stat("d/sub");
        r.lstat("d/l");
        r.stat("d/g");
        r.mkdir("d/sub/deep");
        r.stat("d/sub/deep");
    })
}

/// Symbolic links are made and followed across layers.
pub fn symlink_new(b: &mut Builder) -> Steps {
    b.file("d/f", "text");
    b.symlink("lower", "d/f");
    b.symlink("dir", "d");
    steps(|r| {
        r.symlink("lower", "upper");
        r.cat("upper");
        r.cat("dir/f");
        r.symlink("../dir/f", "d/back");
        r.cat("d/back");
        r.readlink("d/back");
        r.lstat("upper");
        r.symlink("x", "upper");
        r.symlink("", "empty");
        r.symlink(&"t".repeat(4000), "long");
        r.readlink("long");
        r.readlink("d");
        r.ls("dir");
    })
    .absent("dir")
}
