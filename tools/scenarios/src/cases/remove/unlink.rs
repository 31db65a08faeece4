// SPDX-License-Identifier: GPL-2.0-only
//! unlink(2).

use crate::prelude::*;

/// A refused deletion leaves no whiteout, no copy and no emptied directory behind.
pub fn remove_denied(b: &mut Builder) -> Steps {
    b.file("closed/f", "x").owner(1000, 1000);
    b.dir("closed/empty").owner(1000, 1000);
    b.dir("sticky").mode(0o1777);
    b.dir("sticky/his").owner(1001, 1001);
    b.dir("sticky/mine").owner(1000, 1000);
    b.file("sticky/mine/f", "x");
    b.symlink("sticky/link", "x").owner(1001, 1001);
    steps(|r| {
        r.as_user(1000, 1000, |r| {
            r.unlink("closed/f");
            r.rmdir("closed/empty");
            r.rmdir("closed");
            r.rmdir("sticky/his");
            r.unlink("sticky/link");
            r.rmdir("sticky/mine");
            r.unlink("sticky/mine/f");
            r.rmdir("sticky/mine");
            r.mkdir("sticky/mine");
        });
        r.see("sticky/mine");
        r.ls("sticky");
    })
    .absent("closed")
    .absent("sticky/his")
    .opaque("sticky/mine")
}

/// Watches report that lower objects are deleted, by the name and by themselves, and that new ones are made under their
/// names.
pub fn remove_events(b: &mut Builder) -> Steps {
    b.file("d/f", "text");
    b.file("d/linked", "text");
    b.dir("d/empty");
    b.file("d/full/f", "text");
    steps(|r| {
        use libc::{IN_ATTRIB, IN_CREATE, IN_DELETE, IN_DELETE_SELF, IN_MOVED_TO};
        const EVENTS: u32 = IN_ATTRIB | IN_CREATE | IN_DELETE | IN_DELETE_SELF | IN_MOVED_TO;
        r.hold();
        let watches = ["d", "d/f", "d/linked", "d/empty", "d/full"]
            .map(|path| (path, sys::inotify(path, EVENTS).expect("a watch")));
        r.link("d/linked", "d/second");
        r.unlink("d/linked");
        r.unlink("d/f");
        r.rmdir("d/full");
        r.rmdir("d/empty");
        r.unlink("d/none");
        r.mkdir("d/f");
        r.make(What::Symlink, "d/empty");
        r.unlink("d/full/f");
        r.unlink("d/second");
        r.rmdir("d/f");
        for (path, watch) in watches {
            for (mask, name) in sys::inotify_events(watch) {
                r.note(format_args!("{path}: {mask:#x} {name}"));
            }
        }
    })
    .whiteout("d/f")
    .absent("d/second")
}

/// An object hidden in a lower layer does not reappear when the hiding one is deleted, whatever types the two have.
pub fn remove_hidden_beneath(b: &mut Builder) -> Steps {
    for (below, above, dir) in What::pairs(&What::ALL, &What::ALL) {
        b.lower(1).object(below, &format!("{dir}/lower"));
        b.object(below, &format!("{dir}/upper"));
        b.lower(0).object(above, &format!("{dir}/lower"));
        b.upper().object(above, &format!("{dir}/upper"));
    }
    steps(|r| {
        for (_, above, dir) in What::pairs(&What::ALL, &What::ALL) {
            for name in ["lower", "upper"] {
                let name = format!("{dir}/{name}");
                r.see(&name);
                r.remove(above, &name);
                r.lstat(&name);
                // A directory may have more in it than the other one shows.
                r.remove_tree(&name, Vec::pop);
                let _ = sys::unlink(&name);
            }
            r.ls(&dir);
        }
    })
    .layers(|l| {
        for (_, _, dir) in What::pairs(&What::ALL, &What::ALL) {
            l.whiteout(&format!("{dir}/lower"))?;
            l.whiteout(&format!("{dir}/upper"))?;
        }
        Ok(())
    })
}

/// One name has an object of every type after one of every other, over a lower file, a lower tree and nothing.
pub fn remove_kind_after_kind(b: &mut Builder) -> Steps {
    b.file("file", "below");
    b.file("tree/in", "below");
    b.file("tree/sub/in", "below");
    b.dir("d");
    steps(|r| {
        r.unlink("file");
        r.remove_tree("tree", Vec::pop);
        let mut kinds = What::ALL.to_vec();
        kinds.push(What::Socket);
        for name in ["file", "tree", "d/free"] {
            for (one, two, _) in What::pairs(&kinds, &kinds) {
                r.make(one, name);
                r.make(two, name);
                r.see(name);
                r.remove(one, name);
                r.lstat(name);
            }
            r.make(What::Full, name);
            r.lstat(&format!("{name}/sub"));
        }
    })
    .opaque("file")
    .opaque("tree")
    .not_opaque("d/free")
}

/// An object of every type and layer is deleted by the right call, and by no other.
pub fn remove_kinds(b: &mut Builder) -> Steps {
    for what in What::ALL {
        for dir in ["lower", "copied", "replaced"] {
            b.anywhere().object(what, &format!("{dir}/{what}"));
        }
        b.upper().object(what, &format!("upper/{what}"));
    }
    steps(|r| {
        r.mkdir("new");
        for what in What::ALL {
            r.chown(&format!("copied/{what}"), 5, 6);
            r.make(what, &format!("new/{what}"));
            let replaced = format!("replaced/{what}");
            r.remove(what, &replaced);
            r.make(what, &replaced);
            for dir in ["lower", "copied", "replaced", "upper", "new"] {
                let name = format!("{dir}/{what}");
                if what.is_dir() {
                    r.unlink(&name);
                } else {
                    r.rmdir(&name);
                }
                if what == What::Full {
                    r.rmdir(&name);
                }
                r.see(&name);
                r.remove(what, &name);
                r.lstat(&name);
                r.unlink(&name);
                r.rmdir(&name);
            }
        }
        r.ls(".");
    })
    .layers(|l| {
        for what in What::ALL {
            for dir in ["lower", "copied", "replaced"] {
                l.whiteout(&format!("{dir}/{what}"))?;
            }
            l.absent(&format!("upper/{what}"))?;
            l.absent(&format!("new/{what}"))?;
        }
        Ok(())
    })
}

/// Of many processes that delete the same names, of files and directories, one succeeds for each name.
pub fn remove_race(b: &mut Builder) -> Steps {
    for number in 0..12 {
        b.file(&format!("files/{number}"), "x");
        b.dir(&format!("dirs/{number}"));
    }
    b.file("gone/0", "x");
    b.file("count", "");
    steps(|r| {
        r.unlink("gone/0");
        r.parallel(5, |_| {
            let count = sys::open("count", O_WRONLY | O_APPEND, 0).expect("the file to count in");
            for number in 0..12 {
                let done = [
                    sys::unlink(format!("files/{number}")),
                    sys::rmdir(format!("dirs/{number}")),
                    sys::mkdir("gone/0", 0o755),
                ];
                for result in done {
                    match result {
                        Ok(()) => drop(sys::write(count, b"1", None).expect("counted")),
                        Err(Errno(libc::ENOENT | libc::EEXIST)) => {}
                        Err(error) => panic!("{error}"),
                    }
                }
            }
        });
        r.stat("count");
        r.ls("files");
        r.ls("dirs");
        r.see("gone/0");
    })
    .whiteout("files/11")
    .whiteout("dirs/0")
    .opaque("gone/0")
}

/// While one process deletes a lower directory and makes it again, others make files in it: none is lost in a deleted
/// one.
pub fn remove_race_with_making(b: &mut Builder) -> Steps {
    b.file("d/f", "old");
    steps(|r| {
        r.unlink("d/f");
        r.parallel(3, |number| {
            for round in 0..60 {
                let name = format!("d/{number}");
                match number {
                    0 => match sys::rmdir("d") {
                        Ok(()) => sys::mkdir("d", 0o755).expect("nobody else makes it"),
                        Err(error) => assert_eq!(error, Errno(libc::ENOTEMPTY), "round {round}"),
                    },
                    _ => match sys::open(&name, O_WRONLY | O_CREAT | O_EXCL, 0o644) {
                        Ok(fd) => {
                            sys::close(fd).expect("closed");
                            sys::unlink(&name).expect("a directory with a file in it stays");
                        }
                        Err(error) => assert_eq!(error, Errno(libc::ENOENT), "round {round}"),
                    },
                }
            }
        });
        r.see("d");
        r.rmdir("d");
        r.mkdir("d");
        r.see("d");
    })
    .opaque("d")
}

/// Deleting a name changes the times of its directory, whether a whiteout is left or not; a refused call does not.
pub fn remove_times(b: &mut Builder) -> Steps {
    for dir in ["lower", "still"] {
        b.anywhere().file(&format!("{dir}/f"), "x");
        b.dir(&format!("{dir}/empty"));
        b.file(&format!("{dir}/full/f"), "x");
    }
    b.upper().file("upper/f", "x");
    b.dir("upper/empty");
    steps(|r| {
        for (dir, name) in [
            ("lower", "f"),
            ("lower", "empty"),
            ("upper", "f"),
            ("upper", "empty"),
        ] {
            r.utimens(dir, OLD);
            let path = format!("{dir}/{name}");
            if name == "f" {
                r.unlink(&path);
            } else {
                r.rmdir(&path);
            }
            r.stat(dir);
        }
        for path in ["still/full", "still/f", "still/none", "still/f/x"] {
            r.rmdir(path);
        }
        r.unlink("still/empty");
        r.unlink("still/none");
        r.stat("still");
        r.stat("still/full");
    })
    .absent("still")
}

/// unlink of a copied-up file replaces the copy by a whiteout.
pub fn unlink_copied_up(b: &mut Builder) -> Steps {
    b.file("f", "text");
    steps(|r| {
        r.put("f", O_WRONLY, "T");
        r.unlink("f");
        r.lstat("f");
        r.ls(".");
    })
    .whiteout("f")
}

/// A name deleted and made again has nothing of the old file.
pub fn unlink_create(b: &mut Builder) -> Steps {
    b.file("f", "old text").mode(0o600).xattr("user.a", b"1");
    steps(|r| {
        r.unlink("f");
        r.put("f", O_WRONLY | O_CREAT | O_EXCL, "new");
        r.stat("f");
        r.listxattr("f");
        r.cat("f");
        r.unlink("f");
        r.ls(".");
        r.put("f", O_WRONLY | O_CREAT, "again");
    })
    .in_upper("f")
}

/// unlink of a lower file leaves a whiteout.
pub fn unlink_lower(b: &mut Builder) -> Steps {
    b.file("f", "text");
    b.file("d/f", "text");
    b.symlink("l", "f");
    b.fifo("p");
    steps(|r| {
        r.unlink("f");
        r.cat("f");
        r.unlink("f");
        r.unlink("d/f");
        r.unlink("l");
        r.unlink("p");
        r.ls(".");
        r.ls("d");
    })
    .whiteout("f")
    .whiteout("d/f")
    .upper_is(&["d", "d/f", "f", "l", "p"])
}

/// Whiteouts of one directory are links of one inode.
pub fn unlink_many(b: &mut Builder) -> Steps {
    for name in ["a", "b", "c", "d", "e"] {
        b.file(name, name);
    }
    steps(|r| {
        for name in ["a", "b", "c", "d"] {
            r.unlink(name);
        }
        r.ls(".");
    })
    .layers(|l| {
        l.whiteout("a")?;
        l.whiteout("d")?;
        if l.stat("b")?.st_ino == l.stat("c")?.st_ino {
            Ok(())
        } else {
            Err("whiteouts must share an inode".into())
        }
    })
    .not_on(
        &["remount", "remount-xfs"],
        "each mount makes a whiteout of its own to link to",
    )
}

/// A directory takes the name of a deleted file.
pub fn unlink_mkdir(b: &mut Builder) -> Steps {
    b.file("f", "text");
    steps(|r| {
        r.unlink("f");
        r.mkdir("f");
        r.put("f/x", O_WRONLY | O_CREAT, "x");
        r.ls("f");
        r.unlink("f/x");
        r.rmdir("f");
        r.lstat("f");
    })
    .whiteout("f")
}

/// A deleted lower file stays usable through its descriptors.
pub fn unlink_open_file(b: &mut Builder) -> Steps {
    b.file("f", "text");
    steps(|r| {
        let reader = r.open("f", O_RDONLY);
        let writer = r.open("f", O_RDWR);
        r.unlink("f");
        r.pread(reader, 10, 0);
        r.fstat(reader);
        r.put("f", O_WRONLY | O_CREAT, "another file");
        r.pread(reader, 20, 0);
        r.pwrite(writer, "T", 0);
        r.pread(writer, 20, 0);
        r.pread(reader, 20, 0);
        r.fchmod(writer, 0o600);
        r.cat("f");
    })
}

/// A deleted copied-up file stays usable through its descriptors.
pub fn unlink_open_upper(b: &mut Builder) -> Steps {
    b.file("f", "text");
    steps(|r| {
        let old = r.open("f", O_RDONLY);
        let fd = r.open("f", O_RDWR);
        r.pwrite(fd, "T", 0);
        r.unlink("f");
        r.fstat(fd);
        r.pwrite(fd, "E", 1);
        r.pread(fd, 10, 0);
        r.pread(old, 10, 0);
        r.ftruncate(fd, 1);
        r.fstat(fd);
    })
}

/// unlink of a new file leaves nothing.
pub fn unlink_upper(b: &mut Builder) -> Steps {
    b.dir("d");
    steps(|r| {
        r.put("f", O_WRONLY | O_CREAT, "x");
        r.put("d/f", O_WRONLY | O_CREAT, "x");
        r.unlink("f");
        r.unlink("d/f");
        r.ls("d");
    })
    .absent("f")
    .absent("d/f")
}

/// unlink of directories, rmdir of files.
pub fn unlink_wrong_kind(b: &mut Builder) -> Steps {
    b.dir("d");
    b.file("f", "text");
    b.symlink("l", "d");
    steps(|r| {
        r.unlink("d");
        r.rmdir("f");
        r.rmdir("l");
        r.unlink("none");
        r.rmdir("none");
        r.unlink("f/x");
        r.unlink("f/");
        r.rmdir("d/.");
        r.ls(".");
    })
    .upper_is(&[])
}
