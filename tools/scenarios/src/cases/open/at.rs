// SPDX-License-Identifier: GPL-2.0-only
//! Paths relative to a descriptor.

use crate::prelude::*;

/// A descriptor of a lower directory serves every call after the directory was copied up.
pub fn open_at_lower(b: &mut Builder) -> Steps {
    b.file("d/f", "text");
    b.file("d/g", "more");
    b.file("d/sub/x", "deep");
    b.symlink("d/l", "f");
    steps(|r| {
        let dir = r.open("d", O_RDONLY | O_DIRECTORY);
        let path = r.open("d/sub", O_PATH | O_DIRECTORY);
        r.chmod("d", 0o700);
        r.open_at(dir, "f", O_RDONLY);
        let fd = r.open_at(dir, "new", O_WRONLY | O_CREAT | O_EXCL);
        r.write(fd, "made");
        r.mkdir_at(dir, "made");
        r.symlink_at("new", dir, "made/link");
        r.rename_at(dir, "g", path, "moved");
        r.unlink_at(dir, "l");
        r.unlink_at(path, "x");
        r.open_at(path, "none", O_RDONLY);
        r.open_at(path, "made", O_RDWR | O_CREAT);
        r.stat_at(path, "moved");
        r.stat_at(path, "../f");
        r.unlink_at(dir, "made");
        r.rmdir_at(dir, "made");
        r.rmdir_at(dir, "sub");
        r.ls("d");
        r.ls("d/sub");
    })
    .whiteout("d/g")
    .whiteout("d/l")
    .whiteout("d/sub/x")
    .absent("d/f")
}

/// Calls relative to a merged directory reach the names of all layers.
pub fn open_at_merged(b: &mut Builder) -> Steps {
    b.lower(1).file("d/bottom", "1");
    b.file("d/gone", "1");
    b.lower(0).file("d/middle", "0");
    b.whiteout("d/gone");
    b.upper().file("d/upper", "upper");
    steps(|r| {
        let dir = r.open("d", O_RDONLY | O_DIRECTORY);
        for name in [
            "bottom", "middle", "upper", "gone", ".", "..", "./bottom", "",
        ] {
            r.stat_at(dir, name);
        }
        let root = r.open(".", O_PATH);
        r.rename_at(dir, "bottom", root, "bottom");
        r.rename_at(root, "bottom", dir, "gone");
        r.rename_at(dir, "upper", dir, "middle");
        let fd = r.open_at(dir, "gone", O_RDONLY);
        r.read(fd, 10);
        r.ls("d");
    })
    .upper_is(&["d", "d/bottom", "d/gone", "d/middle"])
}

/// Paths relative to a descriptor that is no directory, or invalid.
pub fn open_at_not_directory(b: &mut Builder) -> Steps {
    b.file("f", "text");
    b.dir("d");
    b.symlink("l", "d");
    steps(|r| {
        let file = r.open("f", O_RDONLY);
        let link = r.open("l", O_PATH | O_NOFOLLOW);
        let directory = r.open("l", O_PATH);
        let nothing = r.open("none", O_RDONLY);
        for dir in [file, link, directory, nothing] {
            r.open_at(dir, "new", O_WRONLY | O_CREAT);
            r.open_at(dir, ".", O_RDONLY);
            r.open_at(dir, "", O_RDONLY);
            r.mkdir_at(dir, "made");
            r.unlink_at(dir, "new");
            r.fchdir(dir);
            // An absolute path does not use it.
            r.open_at(dir, "/proc/self/status", O_RDONLY);
        }
    })
}

/// A descriptor of a removed directory does not refer to one made in its place.
pub fn open_at_remade(b: &mut Builder) -> Steps {
    b.dir("d");
    b.dir("e");
    b.upper().dir("u");
    steps(|r| {
        for (name, again) in [("d", "d"), ("e", "u"), ("u", "u")] {
            let old = r.open(name, O_PATH | O_DIRECTORY);
            let before = r.fd_identity(old);
            r.rmdir(name);
            r.mkdir(again);
            let fd = r.open_at(old, "f", O_WRONLY | O_CREAT);
            r.expect("nothing was made", fd.raw() < 0);
            let after = r.identity(again);
            r.expect("another directory", before != after);
            r.put(&format!("{again}/f"), O_WRONLY | O_CREAT, "new");
            r.stat_at(old, "f");
            r.unlink(&format!("{again}/f"));
        }
        r.ls("d");
    })
    .opaque("d")
    .whiteout("e")
}

/// In a removed directory nothing can be made or found; it makes no difference that it was lower.
pub fn open_at_removed(b: &mut Builder) -> Steps {
    b.dir("lower");
    b.lower(1).dir("merged");
    b.lower(0).dir("merged");
    b.upper().dir("upper");
    b.anywhere().file("emptied/f", "x");
    b.file("other", "text");
    steps(|r| {
        r.unlink("emptied/f");
        for name in ["lower", "merged", "upper", "emptied"] {
            let dir = r.open(name, O_RDONLY | O_DIRECTORY);
            r.rmdir(name);
            r.open_at(dir, "new", O_WRONLY | O_CREAT);
            r.open_at(dir, "f", O_RDONLY);
            r.open_at(dir, ".", O_RDONLY);
            r.mkdir_at(dir, "new");
            r.symlink_at("x", dir, "new");
            let root = r.open(".", O_PATH);
            r.rename_at(root, "other", dir, "other");
            r.stat_at(dir, "other");
            r.stat_at(dir, "../other");
            r.done("getdents", sys::getdents(dir.raw(), 4096).map(drop));
            r.fstat(dir);
        }
    })
    .absent("upper")
    .whiteout("emptied")
    .absent("other")
}

/// AT_EMPTY_PATH calls act on the open object, of any layer, also by O_PATH.
pub fn open_empty_path(b: &mut Builder) -> Steps {
    b.file("f", "text");
    b.symlink("l", "f");
    b.fifo("p");
    b.upper().file("u", "text");
    steps(|r| {
        for (n, name) in ["f", "l", "p", "u"].into_iter().enumerate() {
            let fd = r.open(name, O_PATH | O_NOFOLLOW);
            r.done("chown", sys::chown_descriptor(fd.raw(), 7, 8));
            r.link_empty(fd, &format!("new{n}"));
            let target = sys::readlink_descriptor(fd.raw());
            r.call(
                "readlink",
                target.map(|target| target.escape_ascii().to_string()),
            );
            r.fstat(fd);
            r.lstat(&format!("new{n}"));
            r.unlink(name);
            r.fstat(fd);
            r.link_empty(fd, &format!("again{n}"));
        }
        let dir = r.open(".", O_PATH);
        r.link_empty(dir, "directory");
        r.ls(".");
    })
    .whiteout("l")
    .in_upper("new1")
}
