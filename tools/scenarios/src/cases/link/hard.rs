// SPDX-License-Identifier: GPL-2.0-only
//! Files with several names.

use crate::prelude::*;

/// Hard links of a lower layer are seen as such.
pub fn hard_links_read(b: &mut Builder) -> Steps {
    b.file("a", "text");
    b.link("b", "a");
    b.link("d/c", "a");
    steps(|r| {
        r.stat("a");
        r.stat("d/c");
        let (one, two) = (r.identity("a"), r.identity("b"));
        r.expect("two names of one inode", one == two);
    })
    .upper_is(&[])
}

/// Deleting one name of a lower file leaves the other.
pub fn hard_links_unlink(b: &mut Builder) -> Steps {
    b.file("a", "text");
    b.link("b", "a");
    steps(|r| {
        r.unlink("a");
        r.cat("b");
        r.ls(".");
    })
    .whiteout("a")
    .allow(
        "walk b",
        "the link count of lower files counts deleted names too",
    )
}

/// A change through one name of a lower file.
pub fn hard_links_write(b: &mut Builder) -> Steps {
    b.file("a", "text");
    b.link("b", "a");
    steps(|r| {
        r.put("a", O_WRONLY, "T");
        r.cat("a");
        r.cat("b");
        r.stat("b");
        r.unlink("a");
        r.cat("b");
    })
    .allow(
        "\"b\"",
        "without an index the names of a lower file become separate files at copy-up",
    )
    .allow(
        "walk b",
        "without an index the names of a lower file become separate files at copy-up",
    )
    .not_overlay("without an index the names of a lower file become separate files at copy-up")
}

/// Links lead from and to lower, merged, opaque and new directories, and every name can be deleted by itself.
pub fn link_between_parents(b: &mut Builder) -> Steps {
    for dir in ["lower", "merged", "opaque"] {
        b.lower(0).file(&format!("{dir}/f"), "below");
        for to in ["lower", "merged", "opaque", "new"] {
            b.file(&format!("{dir}/{to}"), "gone");
        }
    }
    b.upper().opaque("opaque");
    b.file("opaque/f", "above");
    b.file("merged/g", "above");
    steps(|r| {
        const DIRS: [&str; 4] = ["lower", "merged", "opaque", "new"];
        r.mkdir("new");
        r.put("new/f", O_WRONLY | O_CREAT, "new");
        for from in DIRS {
            for to in DIRS {
                let (old, new) = (format!("{from}/f"), format!("{to}/{from}"));
                let _ = sys::unlink(&new);
                r.link(&old, &new);
                r.see(&new);
                r.listed_number(to, from);
            }
        }
        for dir in DIRS {
            r.unlink(&format!("{dir}/f"));
            r.unlink(&format!("{dir}/lower"));
            r.ls(dir);
            r.lstat(&format!("{dir}/merged"));
        }
    })
    .whiteout("lower/f")
    .whiteout("merged/lower")
    .absent("opaque/lower")
    .absent("new/f")
}

/// The link count of a lower file changes with its new names, also for descriptors.
pub fn link_counts(b: &mut Builder) -> Steps {
    b.file("f", "text");
    b.dir("d");
    steps(|r| {
        let fd = r.open("f", O_RDONLY);
        for number in 0..200 {
            let name = format!("d/{number}");
            sys::link("f", &name, 0).expect("a link");
        }
        r.fstat(fd);
        r.unlink("f");
        r.stat("d/0");
        for number in (1..200).rev() {
            let name = format!("d/{number}");
            if number % 2 == 0 {
                sys::unlink(&name).expect("an unlink");
            } else {
                // Two names of one file: both stay.
                sys::rename("d/0", &name, 0).expect("nothing to do");
            }
        }
        r.fstat(fd);
        r.put("f", O_WRONLY | O_CREAT | O_EXCL, "another");
        r.rename("f", "d/1");
        r.fstat(fd);
        for name in r.names("d") {
            r.unlink(&format!("d/{name}"));
        }
        r.fstat(fd);
        r.pread(fd, 10, 0);
    })
    .upper_is(&["d", "f"])
}

/// Linking one of three lower names of a file separates it from the other two; a new name belongs to the copy.
pub fn link_hard_lower_parted(b: &mut Builder) -> Steps {
    b.file("a", "text");
    b.link("b", "a");
    b.link("d/c", "a");
    steps(|r| {
        r.link("a", "new");
        let linked = r.identity("a") == r.identity("new");
        r.expect("old and new name are one inode", linked);
        r.put("new", O_WRONLY, "T");
        r.cat("a");
        for name in ["a", "new"] {
            r.unlink(name);
            r.lstat(name);
        }
        r.lstat("b");
        r.rename("d/c", "d/e");
        r.cat("d/e");
        r.link("b", "a");
        let linked = r.identity("a") == r.identity("b");
        r.expect("again", linked);
    })
    .in_upper("a")
    .whiteout("d/c")
    .absent("new")
    .allow("lstat(\"b\")", "hard links of lower files break at copy-up")
    .allow("cat(\"d/e\")", "hard links of lower files break at copy-up")
    .allow("walk", "hard links of lower files break at copy-up")
    .not_overlay("hard links of lower files break at copy-up")
}

/// Renaming one of two lower names of a file over the other removes the first; the other is the copy.
pub fn link_hard_lower_renamed(b: &mut Builder) -> Steps {
    b.file("a", "text");
    b.link("d/b", "a");
    b.file("x", "other");
    b.link("y", "x");
    steps(|r| {
        r.rename("a", "d/b");
        r.cat("d/b");
        // Once more, as the standard has it: both are in the upper layer now.
        r.link("d/b", "c");
        r.rename("c", "d/b");
        r.cat("c");
        r.rename2("x", "y", RENAME_EXCHANGE);
        r.cat("x");
        r.cat("y");
        r.rename2("x", "y", RENAME_NOREPLACE);
    })
    .layers(|l| {
        l.whiteout("a")?;
        l.in_upper("d/b")?;
        if l.stat("c")?.st_ino == l.stat("d/b")?.st_ino {
            Ok(())
        } else {
            Err("c and d/b must be one inode".into())
        }
    })
    .allow("walk", "hard links of lower files break at copy-up")
    .not_overlay("hard links of lower files break at copy-up")
}

/// A lower file is linked on and its last name unlinked or renamed fifty times, over deleted names too.
pub fn link_long_chain(b: &mut Builder) -> Steps {
    b.file("d/0", "text").mode(0o600);
    for number in [7, 8, 20, 41] {
        b.file(&format!("d/{number}"), "old");
    }
    steps(|r| {
        for number in [7, 8, 20, 41] {
            r.unlink(&format!("d/{number}"));
        }
        let fd = r.open("d/0", O_RDONLY);
        for number in 0..50 {
            let (one, two) = (format!("d/{number}"), format!("d/{}", number + 1));
            if number % 3 == 2 {
                r.rename(&one, &two);
            } else {
                r.link(&one, &two);
                r.lstat(&two);
                r.unlink(&one);
            }
        }
        r.put("d/50", O_WRONLY | O_APPEND, "!");
        r.pread(fd, 10, 0);
        r.fstat(fd);
        r.see("d/50");
        r.ls("d");
        r.unlink("d/50");
        r.fstat(fd);
    })
    .layers(|l| {
        for number in [0, 7, 8, 20, 41] {
            l.whiteout(&format!("d/{number}"))?;
        }
        l.upper_is(&["d", "d/0", "d/7", "d/8", "d/20", "d/41"])
    })
}

/// Names of one file share its data, locks, pipe and modes, though it was lower when it was opened.
pub fn link_same_object(b: &mut Builder) -> Steps {
    b.file("f", "text");
    b.fifo("p");
    steps(|r| {
        let one = r.open("f", O_RDWR);
        r.flock(one, LOCK_EX);
        r.link("f", "g");
        let two = r.open("g", O_RDWR);
        r.flock(two, LOCK_SH | LOCK_NB);
        r.posix_lock(one, F_WRLCK, 0, 2);
        r.in_child(|r| {
            r.posix_lock(two, F_RDLCK, 1, 1);
            r.posix_lock(two, F_RDLCK, 2, 1);
        });
        r.pwrite(two, "T", 0);
        r.pread(one, 10, 0);
        r.fchmod(one, 0o600);
        r.fstat(two);
        r.unlink("f");
        r.pwrite(one, "X", 3);
        r.cat("g");
        r.link("p", "q");
        let writer = r.open("p", O_RDWR | libc::O_NONBLOCK);
        let reader = r.open("q", O_RDONLY | libc::O_NONBLOCK);
        r.write(writer, "through");
        r.read(reader, 20);
        r.unlink("p");
        r.write(writer, "again");
        r.read(reader, 20);
        // Times of pipes are not compared here.
        r.utimens("q", OLD);
    })
    .whiteout("f")
    .whiteout("p")
}
