// SPDX-License-Identifier: GPL-2.0-only
//! rmdir(2), and removed directories.

use crate::prelude::*;

/// A directory is deleted and made again while a child is open.
pub fn fchdir_removed_parent(b: &mut Builder) -> Steps {
    b.file("a/b/f", "text");
    steps(|r| {
        let fd = r.open("a/b", O_RDONLY | O_DIRECTORY);
        r.rename("a/b/f", "f");
        r.rmdir("a/b");
        r.rmdir("a");
        r.mkdir("a");
        r.mkdir("a/b");
        r.ls("a/b");
        r.put("a/b/new", O_WRONLY | O_CREAT, "x");
        r.done("fchdir", sys::fchdir(fd.raw()));
        r.put("old", O_WRONLY | O_CREAT, "x");
        r.fstat(fd);
    })
    .opaque("a")
}

/// Names are deleted below an open directory whose own name now belongs to another one.
pub fn remove_below_a_descriptor(b: &mut Builder) -> Steps {
    b.file("a/f", "x");
    b.file("a/sub/g", "x");
    b.dir("b");
    steps(|r| {
        let lower = r.open("a", O_RDONLY | O_DIRECTORY);
        r.make(What::Full, "new");
        r.make(What::Full, "new/sub");
        let new = r.open("new", O_RDONLY | O_DIRECTORY);
        r.rename("new", "b");
        for (fd, file) in [(lower, "f"), (new, "in")] {
            r.unlink_at(fd, file);
            r.unlink_at(fd, "sub");
            r.rmdir_at(fd, "sub");
            r.unlink_at(fd, "sub/g");
            r.unlink_at(fd, "sub/in");
        }
        r.rename_at(new, "sub", lower, "taken");
        r.rename_at(lower, "taken", new, "back");
        r.rmdir_at(lower, "sub");
        r.ls("a");
        r.ls("b");
    })
    .whiteout("a/f")
    .whiteout("a/sub")
    .opaque("b")
}

/// The attributes of a deleted directory can be changed through its descriptor, whichever layer it was in.
pub fn remove_dir_attributes_gone(b: &mut Builder) -> Steps {
    b.dir("lower");
    b.upper().dir("upper");
    steps(|r| {
        for dir in ["lower", "upper"] {
            let fd = r.open(dir, O_RDONLY | O_DIRECTORY);
            r.rmdir(dir);
            r.fchmod(fd, 0o700);
            r.fchown(fd, 1, 2);
            r.futimens(fd, OLD);
            r.fstat(fd);
        }
    })
}

/// A removed directory that is still open has a link count of 0.
pub fn remove_dir_links(b: &mut Builder) -> Steps {
    every_dir(b, 3);
    b.dir("target");
    steps(|r| {
        let mut open = Vec::new();
        for dir in DIRS.into_iter().chain(["target"]) {
            open.push(r.open(dir, O_RDONLY | O_DIRECTORY));
        }
        for dir in DIRS {
            r.remove_tree(dir, Vec::pop);
        }
        r.mkdir("new");
        r.rename("new", "target");
        for fd in open {
            let links = sys::fstat(fd.raw()).map(|stat| stat.st_nlink);
            r.note(format_args!("links: {links:?}"));
        }
    })
    .not_on(
        &["read-only", "read-only-erofs"],
        "nothing is removed, and a merged directory says 1",
    )
}

/// Paths that end in dots, and the root itself, cannot be removed.
pub fn remove_dots(b: &mut Builder) -> Steps {
    b.file("full/sub/f", "x");
    b.dir("empty/sub");
    b.symlink("link", "empty/sub");
    steps(|r| {
        for path in [
            ".",
            "..",
            "empty/.",
            "empty/sub/.",
            "empty/sub/..",
            "full/sub/..",
            "full/../.",
            "link/.",
            "link/",
            "link/..",
            "empty/sub/../../full",
            "",
            "none/.",
        ] {
            r.rmdir(path);
            r.unlink(path);
        }
        r.rmdir("empty/sub/");
        r.rmdir("link/");
        r.rmdir("./empty//");
        r.ls(".");
    })
    .upper_is(&["empty"])
}

/// rmdir of directories that whiteouts of the upper and the lower layers have emptied, also with whiteouts that hide
/// nothing.
pub fn remove_last_parts(b: &mut Builder) -> Steps {
    b.lower(2).file("a/one", "1");
    b.file("a/two", "2");
    b.file("b/x", "x");
    b.file("c/x", "x");
    b.lower(1).whiteout("a/one");
    b.whiteout("b/x");
    b.lower(0).dir("b");
    b.upper().whiteout("a/two");
    b.whiteout("a/never");
    b.whiteout("only/never");
    b.opaque("c");
    b.whiteout("c/x");
    b.whiteout("c/y");
    steps(|r| {
        for dir in ["a", "b", "c", "only"] {
            r.ls(dir);
            let fd = r.open(dir, O_RDONLY | O_DIRECTORY);
            r.put(&format!("{dir}/x"), O_WRONLY | O_CREAT | O_EXCL, "x");
            r.rmdir(dir);
            r.unlink(&format!("{dir}/x"));
            r.rmdir(dir);
            r.lstat(dir);
            r.fstat(fd);
        }
        r.mkdir("only");
        r.mkdir("b");
        r.ls("b");
    })
    .upper_is(&["a", "b", "c", "only"])
    .whiteout("a")
    .whiteout("c")
    .opaque("b")
    .not_opaque("only")
}

/// A directory is emptied while it is read in small pieces: every name is listed once, and the directory can be
/// removed.
pub fn remove_while_reading(b: &mut Builder) -> Steps {
    for number in 0..60 {
        b.anywhere().file(&format!("d/lower-{number}"), "x");
        b.upper().file(&format!("d/upper-{number}"), "x");
    }
    steps(|r| {
        let fd = r.open("d", O_RDONLY | O_DIRECTORY);
        let mut seen = Vec::new();
        loop {
            let some = sys::getdents(fd.raw(), 200).expect("a piece of the listing");
            if some.is_empty() {
                break;
            }
            for entry in some
                .into_iter()
                .filter(|entry| !entry.name.starts_with(b"."))
            {
                let name = String::from_utf8_lossy(&entry.name).into_owned();
                sys::unlink(format!("d/{name}")).expect("a name that is there");
                seen.push(name);
            }
        }
        seen.sort();
        seen.dedup();
        r.expect("every name was there", seen.len() == 120);
        r.ls("d");
        r.rmdir("d");
        r.rest(fd);
        r.lstat("d");
    })
    .upper_is(&["d"])
}

/// A process in a deleted directory has no path, finds nothing, makes nothing, and can leave.
pub fn remove_working_directory(b: &mut Builder) -> Steps {
    b.file("lower/a/f", "x");
    b.lower(0).dir("merged/a");
    b.upper().dir("merged/a");
    steps(|r| {
        r.unlink("lower/a/f");
        r.mkdir("new");
        r.mkdir("new/a");
        for base in ["lower", "merged", "new"] {
            let root = r.open(".", O_RDONLY | O_DIRECTORY);
            r.chdir(&format!("{base}/a"));
            r.working_name();
            r.rmdir(&format!("../../{base}/a"));
            r.working_name();
            r.mkdir("../a");
            for what in What::ALL {
                r.make(what, "x");
            }
            r.symlink("x", "y");
            r.link("../../other", "x");
            r.rename("../../other", "x");
            r.open_mode(".", O_RDWR | O_TMPFILE, 0o600);
            r.lstat("f");
            r.ls("../a");
            r.rmdir("../a");
            r.ls("..");
            r.chdir("..");
            r.working_name();
            r.fchdir(root);
        }
    })
    .whiteout("lower/a")
    .whiteout("merged/a")
    .absent("new/a")
    .not_on(
        &["read-only", "read-only-erofs"],
        "no working directory can be removed there",
    )
}

/// rmdir of an empty lower directory leaves a whiteout.
pub fn rmdir_lower_empty(b: &mut Builder) -> Steps {
    b.dir("d");
    b.dir("e/f");
    steps(|r| {
        r.rmdir("d");
        r.rmdir("d");
        r.rmdir("e");
        r.rmdir("e/f");
        r.rmdir("e");
        r.ls(".");
    })
    .upper_is(&["d", "e"])
    .whiteout("d")
    .whiteout("e")
}

/// A merged directory is removed with the whiteouts in it.
pub fn rmdir_merged(b: &mut Builder) -> Steps {
    b.lower(1).file("d/a", "a");
    b.file("d/b", "b");
    b.dir("d/sub");
    b.lower(0).file("d/c", "c");
    b.upper().file("d/upper", "t");
    steps(|r| {
        r.rmdir("d");
        for name in ["d/a", "d/b", "d/c", "d/upper"] {
            r.unlink(name);
        }
        r.ls("d");
        r.rmdir("d");
        r.rmdir("d/sub");
        r.rmdir("d");
        r.lstat("d");
        r.ls(".");
    })
    .upper_is(&["d"])
    .whiteout("d")
}

/// A directory made in the place of a deleted one is empty.
pub fn rmdir_mkdir(b: &mut Builder) -> Steps {
    b.file("d/f", "text");
    b.file("d/sub/g", "text");
    steps(|r| {
        r.unlink("d/f");
        r.unlink("d/sub/g");
        r.rmdir("d/sub");
        r.rmdir("d");
        r.mkdir_mode("d", 0o700);
        r.ls("d");
        r.cat("d/f");
        r.lstat("d/sub");
        r.put("d/f", O_WRONLY | O_CREAT, "new");
        r.ls("d");
    })
    .opaque("d")
}

/// rmdir refuses a directory with entries of any layer.
pub fn rmdir_not_empty(b: &mut Builder) -> Steps {
    b.file("d/f", "text");
    b.dir("e");
    steps(|r| {
        r.rmdir("d");
        r.put("e/new", O_WRONLY | O_CREAT, "x");
        r.rmdir("e");
        r.put("d/new", O_WRONLY | O_CREAT, "x");
        r.unlink("d/f");
        r.rmdir("d");
        r.unlink("d/new");
        r.rmdir("d");
        r.ls(".");
    })
    .whiteout("d")
}

/// An open directory that is deleted lists nothing, and nothing can be made in it.
pub fn rmdir_open(b: &mut Builder) -> Steps {
    b.dir("d");
    steps(|r| {
        let fd = r.open("d", O_RDONLY | O_DIRECTORY);
        r.rmdir("d");
        let left: Vec<_> = sys::getdents(fd.raw(), 4096)
            .unwrap_or_default()
            .into_iter()
            .filter(|entry| entry.name != b"." && entry.name != b"..")
            .collect();
        r.expect("a deleted directory lists nothing", left.is_empty());
        r.done("fchdir", sys::fchdir(fd.raw()));
        r.put("new", O_WRONLY | O_CREAT, "x");
        r.mkdir("sub");
    })
}

/// A working directory still works when it is copied up.
pub fn working_directory(b: &mut Builder) -> Steps {
    b.file("d/e/f", "text");
    steps(|r| {
        r.chdir("d/e");
        r.chmod("f", 0o600);
        r.put("g", O_WRONLY | O_CREAT, "g");
        r.chmod(".", 0o700);
        r.chmod("..", 0o711);
        r.stat("../e/g");
        r.ls(".");
        r.ls("..");
    })
    .upper_is(&["d", "d/e", "d/e/f", "d/e/g"])
}
