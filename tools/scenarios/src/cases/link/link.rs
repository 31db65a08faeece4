// SPDX-License-Identifier: GPL-2.0-only
//! link(2).

use crate::prelude::*;

/// An open file gets a name by AT_EMPTY_PATH or /proc, opened for reading or writing, copied up or not, while it has a
/// name.
pub fn link_descriptor(b: &mut Builder) -> Steps {
    for name in ["path", "reader", "writer", "gone", "gone-copied", "user"] {
        b.file(name, "text").mode(0o644);
    }
    b.symlink("symlink", "reader");
    b.dir("d").mode(0o777);
    steps(|r| {
        for (name, flags) in [
            ("path", O_PATH),
            ("reader", O_RDONLY),
            ("writer", O_RDWR),
            ("symlink", O_PATH | O_NOFOLLOW),
            ("d", O_RDONLY | O_DIRECTORY),
            ("d", O_PATH),
        ] {
            let fd = r.open(name, flags);
            r.link_empty(fd, &format!("d/{name}-empty"));
            r.link_fd(fd, &format!("d/{name}-proc"));
            r.lstat(&format!("d/{name}-empty"));
            r.lstat(name);
        }
        let gone = r.open("gone", O_RDONLY);
        let copied = r.open("gone-copied", O_RDWR);
        r.pwrite(copied, "T", 0);
        r.unlink("gone");
        r.unlink("gone-copied");
        for fd in [gone, copied] {
            r.link_empty(fd, "d/back");
            r.link_fd(fd, "d/back");
            r.fstat(fd);
        }
        r.as_user(1000, 1000, |r| {
            let fd = r.open("user", O_RDONLY);
            r.link_fd(fd, "d/user");
            r.link_fd(fd, "user-in-the-root");
        });
        r.lstat("d/user");
        r.ls("d");
        r.link_empty(gone, "");
    })
    .whiteout("gone")
    .absent("d/back")
}

/// A link to a symbolic link, or with AT_SYMLINK_FOLLOW to what it leads to, over the layers.
pub fn link_follow(b: &mut Builder) -> Steps {
    b.lower(0).file("d/f", "text");
    b.symlink("to-file", "d/f");
    b.symlink("to-dir", "d");
    b.symlink("dangling", "d/none");
    b.symlink("loop", "loop");
    b.upper().symlink("upper", "to-file");
    b.symlink("d/up", "../dangling");
    steps(|r| {
        for name in ["to-file", "to-dir", "dangling", "loop", "upper", "d/up"] {
            let to = name.replace('/', "-");
            r.link_flags(name, &format!("{to}.itself"), 0);
            r.lstat(&format!("{to}.itself"));
            r.link_flags(name, &format!("{to}.followed"), AT_SYMLINK_FOLLOW);
            r.lstat(&format!("{to}.followed"));
        }
        r.link_flags("to-dir/f", "through", 0);
        r.link_flags("to-file/", "x", 0);
        r.link_flags("to-file", "to-dir/inside", AT_SYMLINK_FOLLOW);
        r.link_flags("d/f", "dangling", AT_SYMLINK_FOLLOW);
        r.link_flags("d/f", "to-dir/", 0);
        r.link_flags("d/f", "x", 0x8000);
        r.put("upper.followed", O_WRONLY, "T");
        r.see("d/f");
        r.ls("d");
    })
    .in_upper("to-file")
    .in_upper("d/f")
    .absent("d/none")
}

/// A second name for an object of every kind in every layer, at a free and at a deleted name.
pub fn link_kinds(b: &mut Builder) -> Steps {
    for what in What::ALL {
        b.anywhere().object(what, &format!("lower/{what}"));
        b.object(what, &format!("copied/{what}"));
        b.upper().object(what, &format!("upper/{what}"));
    }
    b.anywhere().dir("to");
    for dir in ["lower", "copied", "upper", "new"] {
        for what in What::ALL {
            b.object(what, &format!("to/{dir}-{what}"));
        }
    }
    steps(|r| {
        r.mkdir("new");
        for what in What::ALL {
            r.chown(&format!("copied/{what}"), 5, 6);
            r.make(what, &format!("new/{what}"));
            for dir in ["lower", "copied", "upper", "new"] {
                let (from, to) = (format!("{dir}/{what}"), format!("to/{dir}-{what}"));
                r.link(&from, &to);
                r.link(&from, &format!("{to}-free"));
                r.remove(what, &to);
                r.link(&from, &to);
                r.see(&from);
                r.see(&to);
                let same = r.identity(&from) == r.identity(&to);
                r.expect("one inode, unless it is a directory", same != what.is_dir());
            }
        }
        r.ls("to");
    })
    .layers(|l| {
        l.absent("lower/empty")?;
        for what in What::LEAVES {
            for dir in ["lower", "copied", "upper", "new"] {
                let (one, two) = (format!("{dir}/{what}"), format!("to/{dir}-{what}"));
                if l.stat(&one)?.st_ino != l.stat(&two)?.st_ino {
                    return Err(format!("{one} and {two} must be one inode"));
                }
            }
        }
        Ok(())
    })
}

/// A link to a lower file is the same file.
pub fn link_lower(b: &mut Builder) -> Steps {
    b.file("f", "text").mode(0o640).owner(5, 6);
    steps(|r| {
        r.link("f", "g");
        r.stat("f");
        r.stat("g");
        r.put("g", O_WRONLY, "T");
        r.cat("f");
        r.chmod("f", 0o600);
        r.stat("g");
        r.unlink("f");
        r.stat("g");
        let (one, two) = (r.identity("g"), r.identity("g"));
        r.expect("a file is itself", one == two);
    })
    .whiteout("f")
    .in_upper("g")
}

/// An O_TMPFILE file gets its name where an object of any type was deleted, and not where one exists.
pub fn link_new_over_every_layer(b: &mut Builder) -> Steps {
    for what in What::ALL {
        b.anywhere().object(what, &format!("gone/{what}"));
        b.object(what, &format!("lower/{what}"));
        b.upper().object(what, &format!("upper/{what}"));
    }
    steps(|r| {
        for what in What::ALL {
            r.remove(what, &format!("gone/{what}"));
            let fd = r.open_mode("gone", O_RDWR | O_TMPFILE, 0o640);
            r.write(fd, format!("{what}"));
            for dir in ["lower", "upper", "gone", "gone"] {
                r.link_fd(fd, &format!("{dir}/{what}"));
            }
            r.link_empty(fd, &format!("lower/{what}.second"));
            r.fstat(fd);
            r.see(&format!("gone/{what}"));
            r.unlink(&format!("gone/{what}"));
            r.lstat(&format!("gone/{what}"));
            r.see(&format!("lower/{what}.second"));
        }
        r.ls("gone");
    })
    .whiteout("gone/full")
    .in_upper("lower/full.second")
    .absent("lower/full")
}

/// A link takes a deleted name.
pub fn link_over_whiteout(b: &mut Builder) -> Steps {
    b.file("f", "text");
    b.file("gone", "old");
    steps(|r| {
        r.unlink("gone");
        r.link("f", "gone");
        r.cat("gone");
        r.stat("gone");
        r.unlink("f");
        r.stat("gone");
    })
    .in_upper("gone")
}

/// Many processes link one lower file at once: it is copied up once and counts every name.
pub fn link_race(b: &mut Builder) -> Steps {
    b.file("f", vec![b'x'; 70_000]);
    b.file("d/3", "old");
    b.dir("d");
    steps(|r| {
        r.unlink("d/3");
        r.parallel(8, |number| {
            sys::link("f", format!("d/{number}"), 0).expect("a link");
            if number % 2 == 0 {
                sys::unlink(format!("d/{number}")).expect("its own link");
            }
        });
        r.stat("f");
        for name in r.names("d") {
            r.see(&format!("d/{name}"));
        }
        let same = r.identity("f") == r.identity("d/1");
        r.expect("one inode", same);
    })
    .absent("d/0")
    .in_upper("d/3")
}

/// Links that are impossible.
pub fn link_refused(b: &mut Builder) -> Steps {
    b.file("f", "text");
    b.dir("d");
    b.file("e", "text");
    steps(|r| {
        r.link("f", "e");
        r.link("d", "d2");
        r.link("none", "x");
        r.link("f", "none/x");
        r.link("f", "f");
        r.ls(".");
    })
    .absent("e")
}

/// A link to an existing name, of an object of any type in any layer, is refused and copies nothing up.
pub fn link_refused_copies_nothing(b: &mut Builder) -> Steps {
    b.file("f", "text");
    b.file("closed/f", "text");
    for what in What::ALL {
        b.anywhere().object(what, &format!("lower/{what}"));
        b.upper().object(what, &format!("upper/{what}"));
    }
    b.anywhere().dir("open").mode(0o777);
    steps(|r| {
        for what in What::ALL {
            for dir in ["lower", "upper"] {
                r.link("f", &format!("{dir}/{what}"));
                r.link(&format!("lower/{what}"), &format!("{dir}/{what}"));
            }
        }
        r.link("f", ".");
        r.link("f", "lower/empty/.");
        r.link("f", "lower/empty/..");
        r.link("f/", "x");
        r.link("f", "x/");
        r.link(".", "x");
        r.link("", "x");
        r.link("f", "");
        r.link("f", &"n".repeat(256));
        r.as_user(1000, 1000, |r| {
            r.link("f", "closed/g");
            r.link("closed/f", "g");
            r.link("lower", "open/lower");
        });
    })
    .layers(|l| {
        for name in ["f", "closed", "lower", "open"] {
            l.absent(name)?;
        }
        Ok(())
    })
}

/// Sockets of every layer get a second name, by which a listener answers as well.
pub fn link_sockets(b: &mut Builder) -> Steps {
    b.socket("lower");
    b.dir("d");
    b.upper().socket("upper");
    steps(|r| {
        r.bind("live");
        for name in ["lower", "upper", "live"] {
            let to = format!("d/{name}");
            r.link(name, &to);
            r.lstat(&to);
            r.connect(&to);
            r.unlink(name);
            r.connect(&to);
            r.lstat(&to);
        }
    })
    .whiteout("lower")
    .in_upper("d/lower")
}

/// Links to symlinks, FIFOs and devices.
pub fn link_special(b: &mut Builder) -> Steps {
    b.symlink("l", "target");
    b.fifo("p");
    b.char_device("c", 1, 3);
    steps(|r| {
        r.link("l", "l2");
        r.link("p", "p2");
        r.link("c", "c2");
        r.readlink("l2");
        r.lstat("l");
        r.lstat("p2");
        r.lstat("c2");
        r.ls(".");
    })
}

/// A link changes the times of the directory it is made in and the change time of the file, not its other times.
pub fn link_times(b: &mut Builder) -> Steps {
    b.file("from/f", "text");
    b.file("to/gone", "x");
    b.dir("still");
    steps(|r| {
        let changed = |path: &str| {
            sys::stat(path, 0)
                .map(|stat| (stat.st_ctime, stat.st_ctime_nsec))
                .ok()
        };
        let before = changed("from/f");
        pause();
        r.link("from/f", "to/g");
        for path in ["from", "to", "from/f", "to/g"] {
            r.stat(path);
        }
        r.expect("the change time is later", changed("to/g") > before);
        r.unlink("to/gone");
        r.utimens("to", OLD);
        r.link("from/f", "to/gone");
        r.stat("to");
        r.stat("to/gone");
        r.utimens("to", OLD);
        r.link("from/f", "to/g");
        r.link("from/none", "still/x");
        r.link("from", "still/x");
        r.stat("to");
        r.stat("still");
    })
    .absent("still")
}

/// Links of new files.
pub fn link_upper(b: &mut Builder) -> Steps {
    b.dir("d");
    steps(|r| {
        r.put("f", O_WRONLY | O_CREAT, "one");
        r.link("f", "d/g");
        r.put("d/g", O_WRONLY, "TWO");
        r.cat("f");
        r.stat("f");
        r.rename("f", "d/g");
        r.ls(".");
        r.rename("f", "h");
        r.stat("d/g");
        r.unlink("d/g");
        r.stat("h");
    })
}
