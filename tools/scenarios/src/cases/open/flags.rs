// SPDX-License-Identifier: GPL-2.0-only
//! open(2) with every set of flags.

use crate::prelude::*;

/// Every set of open flags by a user who may only read, only write, or neither; a refused open
/// copies nothing.
pub fn open_as_user(b: &mut Builder) -> Steps {
    b.dir("d").mode(0o777);
    for (name, mode) in [("read", 0o644), ("write", 0o602), ("none", 0o600)] {
        for n in 0..flag_sets().len() {
            b.file(&format!("d/{name}{n}"), "text").mode(mode);
        }
    }
    steps(|r| {
        r.as_user(1000, 1000, |r| {
            for name in ["read", "write", "none"] {
                for (n, flags) in flag_sets().into_iter().enumerate() {
                    r.opens(&format!("d/{name}{n}"), flags);
                }
            }
        });
    })
    .layers(|l| {
        for n in 0..flag_sets().len() {
            // O_TRUNC needs the right to write, even with O_RDONLY.
            l.absent(&format!("d/read{n}"))?;
            l.absent(&format!("d/none{n}"))?;
        }
        Ok(())
    })
}

/// Every set of open flags on a name below an object that is no directory.
pub fn open_below_file(b: &mut Builder) -> Steps {
    b.file("f", "text");
    b.fifo("p");
    b.symlink("l", "f");
    b.symlink("dangling", "none");
    b.upper().file("g", "text");
    // A directory below, which the file hides.
    b.lower(1).file("was-dir/x", "hidden");
    b.lower(0).file("was-dir", "a file now");
    steps(|r| {
        for name in ["f", "p", "l", "dangling", "g", "was-dir"] {
            for flags in flag_sets() {
                r.opens(&format!("{name}/x"), flags);
            }
        }
    })
    .upper_is(&["g"])
}

/// O_CREAT gives a new file its mode by the umask, and leaves that of an existing one alone.
pub fn open_create_modes(b: &mut Builder) -> Steps {
    b.file("d/old", "text").mode(0o604);
    b.file("d/gone", "text").mode(0o4711);
    steps(|r| {
        r.unlink("d/gone");
        for (n, mode) in [0, 0o200, 0o444, 0o777, 0o1777, 0o2755, 0o4755, 0o107_777]
            .into_iter()
            .enumerate()
        {
            r.with_umask(0o026, |r| {
                let fd = r.open_mode(&format!("d/new{n}"), O_RDWR | O_CREAT | O_EXCL, mode);
                // The creator may write it, whatever the mode.
                r.write(fd, "mine");
                r.fstat(fd);
            });
        }
        r.open_mode("d/old", O_RDONLY | O_CREAT, 0o777);
        r.open_mode("d/old", O_WRONLY | O_CREAT | O_TRUNC, 0);
        let fd = r.open_mode("d/gone", O_WRONLY | O_CREAT, 0o640);
        r.fstat(fd);
        r.stat("d/old");
    })
    .in_upper("d/old")
}

/// Every set of open flags on devices in a lower layer, in the upper layer and copied up; none copies one.
pub fn open_device(b: &mut Builder) -> Steps {
    b.char_device("below", 1, 3);
    b.char_device("copied", 1, 3);
    // No driver has these numbers.
    b.char_device("no-char", 240, 77);
    b.block_device("no-block", 240, 77);
    b.upper().char_device("above", 1, 3);
    steps(|r| {
        r.chmod("copied", 0o600);
        for device in ["below", "copied", "above", "no-char", "no-block"] {
            for flags in flag_sets() {
                r.opens(device, flags);
            }
        }
    })
    .upper_is(&["above", "copied"])
}

/// Every set of open flags on directories of all kinds; none copies one up but O_TMPFILE.
pub fn open_directories(b: &mut Builder) -> Steps {
    b.dir("lower/sub");
    b.lower(1).dir("merged");
    b.file("opaque/hidden", "x");
    b.lower(0).dir("merged");
    b.opaque("opaque");
    b.file("both/f", "x");
    b.upper().dir("both");
    b.dir("upper");
    steps(|r| {
        for dir in ["lower", "merged", "opaque", "both", "upper"] {
            for flags in flag_sets() {
                if flags & O_TMPFILE != O_TMPFILE {
                    r.opens(dir, flags);
                }
            }
        }
    })
    .upper_is(&["both", "upper"])
}

/// Every set of open flags on a FIFO in a lower layer, in the upper layer and copied up; none copies it.
pub fn open_fifo(b: &mut Builder) -> Steps {
    /// Without it, opening a FIFO for one direction waits for the other end.
    const NOWAIT: i32 = libc::O_NONBLOCK;
    b.fifo("below");
    b.fifo("copied");
    b.upper().fifo("above");
    steps(|r| {
        r.chmod("copied", 0o640);
        for fifo in ["below", "copied", "above"] {
            for flags in flag_sets() {
                r.opens(fifo, flags | NOWAIT);
            }
            // A writer finds a reader, whichever way that one opened it.
            let reader = r.open(fifo, O_RDONLY | NOWAIT);
            r.opens(fifo, O_WRONLY | NOWAIT);
            r.opens(fifo, O_WRONLY | O_TRUNC | O_CREAT | NOWAIT);
            r.close(reader);
        }
    })
    .upper_is(&["above", "copied"])
}

/// Every set of open flags on a file that has been copied up, with an older descriptor open.
pub fn open_file_copied_up(b: &mut Builder) -> Steps {
    for n in 0..flag_sets().len() {
        b.file(&format!("f{n}"), "text");
    }
    steps(|r| {
        for (n, flags) in flag_sets().into_iter().enumerate() {
            let path = format!("f{n}");
            let old = sys::open(&path, O_RDONLY, 0).expect("a lower file");
            r.chmod(&path, 0o640);
            r.opens(&path, flags);
            // The old descriptor shows what the open has done to the file.
            let seen = sys::read(old, 10, None).map(|data| data.len());
            r.call(format_args!("length of {path} by the old descriptor"), seen);
            sys::close(old).expect("close");
        }
    })
}

/// Every set of open flags on a file that hides another, or lies in an opaque directory.
pub fn open_file_hiding(b: &mut Builder) -> Steps {
    let b = b.lower(1);
    for n in 0..flag_sets().len() {
        b.file(&format!("d/f{n}"), "the hidden one");
        b.file(&format!("o/f{n}"), "hidden with its directory");
    }
    b.lower(0).opaque("o");
    for n in 0..flag_sets().len() {
        let dir = ["d", "o"][n % 2];
        b.file(&format!("{dir}/f{n}"), "text");
    }
    steps(|r| {
        for (n, flags) in flag_sets().into_iter().enumerate() {
            let dir = ["d", "o"][n % 2];
            r.opens(&format!("{dir}/f{n}"), flags);
        }
        // Hidden names stay hidden: half of those in the opaque directory.
        for (n, flags) in flag_sets().into_iter().enumerate() {
            if n % 2 == 0 && flags & O_CREAT == 0 {
                r.opens(&format!("o/f{n}"), flags);
            }
        }
    })
}

/// Every set of open flags on a lower file: only truncation copies it, also with O_RDONLY.
pub fn open_file_lower(b: &mut Builder) -> Steps {
    for n in 0..flag_sets().len() {
        b.file(&format!("d/f{n}"), "text");
    }
    steps(|r| {
        for (n, flags) in flag_sets().into_iter().enumerate() {
            r.opens(&format!("d/f{n}"), flags);
        }
    })
    .layers(|l| {
        for (n, flags) in flag_sets().into_iter().enumerate() {
            if truncates(flags) {
                l.in_upper(&format!("d/f{n}"))?;
            } else if l.is_union() {
                l.absent(&format!("d/f{n}"))?;
            }
        }
        Ok(())
    })
}

/// Every set of open flags on a file of the upper layer, in a directory of its own and a merged one.
pub fn open_file_upper(b: &mut Builder) -> Steps {
    b.file("merged/below", "text");
    for n in 0..flag_sets().len() {
        let dir = ["own", "merged"][n % 2];
        b.upper().file(&format!("{dir}/f{n}"), "text");
    }
    steps(|r| {
        for (n, flags) in flag_sets().into_iter().enumerate() {
            let dir = ["own", "merged"][n % 2];
            r.opens(&format!("{dir}/f{n}"), flags);
        }
    })
    .absent("merged/below")
}

/// open refuses invalid requests.
pub fn open_flags(b: &mut Builder) -> Steps {
    b.file("f", "text");
    b.dir("d");
    b.symlink("l", "f");
    b.symlink("ld", "d");
    steps(|r| {
        r.open("f", O_RDONLY | O_DIRECTORY);
        r.open("l", O_RDONLY | O_NOFOLLOW);
        r.open("ld", O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
        r.open("f", O_RDONLY | O_CREAT | O_EXCL);
        r.open("l", O_RDONLY | O_CREAT | O_EXCL);
        r.open("d", O_RDONLY | O_CREAT | O_EXCL);
        r.open("none", O_RDONLY);
        r.open("f/x", O_RDONLY);
        r.open("none/x", O_RDONLY | O_CREAT);
        r.open("d/", O_RDONLY | O_CREAT);
        r.open("new/", O_RDONLY | O_CREAT);
        let fd = r.open("f", O_RDONLY | O_CREAT);
        r.write(fd, "x");
        r.close(fd);
        let fd = r.open("f", O_WRONLY);
        r.read(fd, 1);
    })
    .upper_is(&[])
}

/// Every set of open flags on a dangling link: O_CREAT makes its target, in the target's directory.
pub fn open_link_dangling(b: &mut Builder) -> Steps {
    b.dir("below");
    for n in 0..flag_sets().len() {
        b.symlink(&format!("l{n}"), &format!("below/made{n}"));
    }
    b.symlink("nowhere", "none/made");
    b.symlink("through-file", "l0/made");
    steps(|r| {
        for (n, flags) in flag_sets().into_iter().enumerate() {
            r.opens(&format!("l{n}"), flags);
        }
        for link in ["nowhere", "through-file"] {
            for flags in flag_sets() {
                r.opens(link, flags);
            }
        }
        r.ls("below");
    })
    .layers(|l| {
        for n in 0..flag_sets().len() {
            l.absent(&format!("l{n}"))?;
        }
        Ok(())
    })
}

/// Every set of open flags on links that form a loop, within a layer and between layers.
pub fn open_link_loop(b: &mut Builder) -> Steps {
    b.symlink("self", "self");
    b.symlink("below", "above");
    b.upper().symlink("above", "below");
    b.anywhere().dir("d");
    b.symlink("d/up", "../d/up/x");
    steps(|r| {
        for link in ["self", "below", "above", "d/up"] {
            for flags in flag_sets() {
                r.opens(link, flags);
            }
        }
        r.opens("self/", O_RDONLY);
        r.opens("self/x", O_RDONLY | O_CREAT);
    })
    .upper_is(&["above"])
}

/// Every set of open flags on a link to a directory.
pub fn open_link_to_directory(b: &mut Builder) -> Steps {
    b.lower(1).dir("d");
    b.file("d/f", "text");
    b.lower(0).symlink("below", "d");
    b.dir("d");
    b.upper().symlink("above", "d");
    steps(|r| {
        for link in ["below", "above", "below/", "above/."] {
            for flags in flag_sets() {
                if flags & O_TMPFILE != O_TMPFILE {
                    r.opens(link, flags);
                }
            }
        }
        r.opens("below", O_RDWR | O_TMPFILE | O_NOFOLLOW);
        r.opens("below", O_RDWR | O_TMPFILE);
    })
    .absent("below")
}

/// Every set of open flags on a link to a file, link and file in the same layer or in two.
pub fn open_link_to_file(b: &mut Builder) -> Steps {
    for n in 0..flag_sets().len() {
        let (link, file) = (format!("l{n}"), format!("d/f{n}"));
        // A third of the files lies above its link, a third below it.
        if n % 3 == 1 {
            b.upper();
        }
        b.file(&file, "text");
        b.anywhere();
        if n % 3 == 2 {
            b.upper();
        }
        b.symlink(&link, &file);
        b.anywhere();
    }
    steps(|r| {
        for (n, flags) in flag_sets().into_iter().enumerate() {
            r.opens(&format!("l{n}"), flags);
        }
    })
    .layers(|l| {
        for n in (0..flag_sets().len()).filter(|n| n % 3 != 2) {
            l.absent(&format!("l{n}"))?;
        }
        Ok(())
    })
}

/// O_CREAT through a lower link whose target was deleted makes the target anew.
pub fn open_link_to_whiteout(b: &mut Builder) -> Steps {
    b.lower(1).file("d/by-layer", "hidden below");
    b.lower(0).whiteout("d/by-layer");
    b.file("d/by-union", "deleted");
    b.symlink("one", "d/by-layer");
    b.symlink("two", "d/by-union");
    b.symlink("three", "two");
    steps(|r| {
        r.unlink("d/by-union");
        for link in ["one", "two", "three"] {
            r.opens(link, O_RDONLY);
            r.opens(link, O_WRONLY | O_TRUNC);
            r.opens(link, O_RDONLY | O_CREAT | O_EXCL);
            r.opens(link, O_RDONLY | O_CREAT | O_NOFOLLOW);
            r.stat(link);
        }
        r.opens("one", O_RDONLY | O_CREAT);
        r.put("three", O_WRONLY | O_CREAT, "made");
        r.cat("two");
        r.ls("d");
    })
    .upper_is(&["d", "d/by-layer", "d/by-union"])
}

/// Every set of open flags on a nonexistent name, in a lower, a merged and an upper directory.
pub fn open_missing(b: &mut Builder) -> Steps {
    b.dir("lower");
    b.lower(0).dir("merged");
    b.lower(1).dir("merged");
    b.upper().dir("upper");
    steps(|r| {
        for dir in ["lower", "merged", "upper"] {
            for (n, flags) in flag_sets().into_iter().enumerate() {
                r.opens(&format!("{dir}/f{n}"), flags);
            }
        }
        for flags in flag_sets() {
            r.opens("none/f", flags);
        }
        r.ls("lower");
    })
}

/// Every set of open flags on a socket in a lower layer, in the upper layer and copied up: ENXIO, or an earlier
/// refusal.
pub fn open_socket(b: &mut Builder) -> Steps {
    b.socket("below");
    b.socket("copied");
    b.upper().socket("above");
    steps(|r| {
        r.chmod("copied", 0o700);
        for socket in ["below", "copied", "above"] {
            for flags in flag_sets() {
                r.opens(socket, flags);
            }
        }
    })
    .upper_is(&["above", "copied"])
}

/// O_TMPFILE works in a directory of any layer, and copies up that directory alone.
pub fn open_tmpfile_where(b: &mut Builder) -> Steps {
    b.dir("a/lower").mode(0o1777);
    b.dir("a/other");
    b.lower(1).file("merged/f", "x");
    b.file("opaque/hidden", "x");
    b.lower(0).dir("merged");
    b.opaque("opaque");
    b.upper().dir("upper");
    steps(|r| {
        for dir in ["a/lower", "merged", "opaque", "upper"] {
            for access in [O_RDONLY, O_WRONLY, O_RDWR, libc::O_ACCMODE] {
                for more in [0, O_EXCL, O_CREAT, O_TRUNC, O_APPEND, O_NOFOLLOW, O_DIRECT] {
                    r.opens(dir, access | more | O_TMPFILE);
                }
            }
            r.stat(dir);
            r.ls(dir);
        }
        r.opens("merged/f", O_RDWR | O_TMPFILE);
        r.opens("merged/none", O_RDWR | O_TMPFILE);
        r.opens("merged/", O_RDWR | O_TMPFILE);
        r.opens("merged/.", O_RDWR | O_TMPFILE);
    })
    .absent("a/other")
    .absent("merged/f")
}

/// O_TRUNC empties a lower file.
pub fn open_truncate(b: &mut Builder) -> Steps {
    b.file("f", "some text");
    b.file("empty", "");
    steps(|r| {
        let fd = r.open("f", O_WRONLY | O_TRUNC);
        r.fstat(fd);
        r.write(fd, "x");
        r.close(fd);
        r.cat("f");
        r.put("empty", O_WRONLY | O_TRUNC, "now with text");
        r.stat("empty");
    })
    .in_upper("f")
}

/// Every set of open flags on names that whiteouts hide; those that make a file make a new one.
pub fn open_whiteout(b: &mut Builder) -> Steps {
    b.lower(1);
    for n in 0..flag_sets().len() {
        b.file(&format!("by-layer/f{n}"), "hidden")
            .mode(0o4755)
            .owner(7, 8)
            .xattr("user.a", b"1");
    }
    b.lower(0);
    for n in 0..flag_sets().len() {
        b.whiteout(&format!("by-layer/f{n}"));
        b.file(&format!("by-union/f{n}"), "deleted")
            .mode(0o4755)
            .owner(7, 8)
            .xattr("user.a", b"1");
    }
    steps(|r| {
        for n in 0..flag_sets().len() {
            r.unlink(&format!("by-union/f{n}"));
        }
        for dir in ["by-layer", "by-union"] {
            for (n, flags) in flag_sets().into_iter().enumerate() {
                r.opens(&format!("{dir}/f{n}"), flags);
            }
        }
    })
    .layers(|l| {
        for (n, flags) in flag_sets().into_iter().enumerate() {
            if flags & (O_CREAT | O_DIRECTORY | O_PATH) == O_CREAT {
                l.in_upper(&format!("by-union/f{n}"))?;
                l.in_upper(&format!("by-layer/f{n}"))?;
            } else {
                l.whiteout(&format!("by-union/f{n}"))?;
                l.absent(&format!("by-layer/f{n}"))?;
            }
        }
        Ok(())
    })
}

/// Opening a lower file for writing copies nothing.
pub fn open_write_copies_nothing(b: &mut Builder) -> Steps {
    b.file("f", "text");
    steps(|r| {
        let fd = r.open("f", O_RDWR);
        r.read(fd, 10);
        r.close(fd);
        let fd = r.open("f", O_WRONLY);
        r.close(fd);
        let fd = r.open("f", O_WRONLY | O_APPEND);
        r.fstat(fd);
        r.close(fd);
        r.stat("f");
    })
    .layers(|l| if l.is_union() { l.absent("f") } else { Ok(()) })
}
