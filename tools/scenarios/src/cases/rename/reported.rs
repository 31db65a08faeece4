// SPDX-License-Identifier: GPL-2.0-only
//! Directories that are exchanged at once, renamed by turns and while they are in use: what updates of systems do, and what
//! users have reported of other unions.

use super::rename_programs::{look, unpack};
use crate::prelude::*;

/// Systems that are updated at once exchange the old tree and the new one, which is made of parts of the old one.
pub fn rename_swaps(b: &mut Builder) -> Steps {
    for file in ["bin/sh", "lib/libc", "share/man/man1/sh", "share/data"] {
        b.file(&format!("usr/{file}"), file);
        b.file(&format!("other/{file}"), "other");
    }
    b.symlink("bin", "usr/bin");
    steps(|r| {
        r.hold();
        let held = r.open("usr/share", O_RDONLY | O_DIRECTORY);
        let file = r.open("usr/bin/sh", O_RDONLY);
        r.in_child(|r| {
            r.chdir("usr/share/man");
            for round in 0..3 {
                let staging = format!("../../../.#usr{round}");
                // It is `usr` or `other`, by turns.
                r.rename2("../../../usr", "../../../other", RENAME_EXCHANGE);
                unpack(r, &staging, &["bin/sh", "lib/libc"]);
                r.rename2(&staging, "../../../usr", RENAME_EXCHANGE);
                r.rename(&format!("{staging}/share"), "../../../usr/share");
                r.cat("man1/sh");
                r.put("man1/sh", O_WRONLY | O_APPEND, format!(" {round}"));
                r.remove_tree(&staging, Vec::pop);
                look(r, "../../../usr");
            }
            r.rename2("man1", "../data", RENAME_EXCHANGE);
            look(r, "..");
        });
        r.again(held);
        r.pread(file, 20, 0);
        look(r, ".");
        r.stat("bin/sh");
    })
}

/// The same, by a process that keeps nothing open, so that the union can be mounted again between the steps.
pub fn rename_swaps_between_mounts(b: &mut Builder) -> Steps {
    for file in ["bin/sh", "lib/libc", "share/man/man1/sh", "share/data"] {
        b.file(&format!("usr/{file}"), file);
        b.file(&format!("other/{file}"), "other");
        b.file(&format!("opt/deep/{file}"), "deep");
    }
    steps(|r| {
        for (old, new) in [
            ("usr", "other"),
            ("usr/share", "other/share"),
            ("usr/bin", "opt/deep/lib"),
            ("opt/deep", "usr"),
            ("usr/bin", "opt/deep/lib"),
            ("other/share", "opt"),
            ("usr", "other"),
        ] {
            r.rename2(old, new, RENAME_EXCHANGE);
            look(r, ".");
        }
        unpack(r, "staging", &["bin/sh", "lib/libc"]);
        r.rename2("staging", "usr", RENAME_EXCHANGE);
        r.rename("staging/share", "usr/share");
        look(r, ".");
        r.remove_tree("staging", Vec::pop);
        r.rename2("usr/share", "usr/lib/libc", RENAME_EXCHANGE);
        look(r, "usr");
    })
    .absent("staging")
}

/// What users have reported of other unions: a tree that comes back under the name of a removed one, a move over a
/// whiteout, a target that is emptied first, a new directory that cannot move, and one that waits in another directory.
pub fn rename_reported(b: &mut Builder) -> Steps {
    for file in ["a/b/c", "a/b/d", "one", "two", "cache/repodata/old"] {
        b.file(file, file);
    }
    b.dir("x");
    b.dir("y");
    b.file("app/node_modules/pkg/index", "i");
    b.dir("staging");
    steps(|r| {
        // Copied, removed, and a name in the copy changed before it gets the old place.
        for dir in ["bak", "bak/b"] {
            r.mkdir(dir);
        }
        for file in ["c", "d"] {
            r.put(&format!("bak/b/{file}"), O_WRONLY | O_CREAT, "copy");
        }
        r.remove_tree("a", Vec::pop);
        r.rename("bak/b/c", "bak/b/c2");
        r.rename2("bak", "a", RENAME_NOREPLACE);
        look(r, "a");
        // The same without a copy.
        r.rename("a", "moved");
        r.mkdir("a");
        r.rename("moved/b/d", "moved/b/d2");
        r.rmdir("a");
        r.rename2("moved", "a", RENAME_NOREPLACE);
        look(r, "a");
        // Both old names are hidden.
        r.unlink("two");
        r.rename2("one", "two", RENAME_NOREPLACE);
        r.lstat("one");
        r.rmdir("y");
        r.rename2("x", "y", RENAME_NOREPLACE);
        r.lstat("x");
        r.see("y");
        r.mkdir("tmpdir");
        unpack(r, "tmpdir/repodata", &["repomd.xml", "primary.xml"]);
        r.rename("tmpdir/repodata", "cache/repodata");
        r.remove_tree("cache/repodata", Vec::pop);
        r.rename("tmpdir/repodata", "cache/repodata");
        r.rmdir("tmpdir");
        look(r, "cache");
        r.mkdir("foo");
        r.rename("foo", "bar");
        r.rmdir("foo");
        r.rmdir("bar");
        r.rename("app/node_modules", "staging/1");
        unpack(r, "app/node_modules", &["pkg/index"]);
        look(r, ".");
        r.remove_tree("app/node_modules", Vec::pop);
        r.rename("staging/1", "app/node_modules");
        look(r, ".");
    })
    .whiteout("one")
    .whiteout("x")
    .opaque("a")
    .opaque("cache/repodata")
    .absent("bak")
    .absent("moved")
    .absent("tmpdir")
    .absent("foo")
    .absent("bar")
    .absent("staging/1")
}

/// Files and directories get other names and owners by turns: each time one of them changes, what lies below is found by
/// all the redirects that there are by then.
pub fn rename_and_chown_onward(b: &mut Builder) -> Steps {
    b.file("a/foo", "the text of foo");
    b.file("b/beside", "beside");
    b.file("d/sub/f", "the text of f");
    steps(|r| {
        let change = |r: &mut Run, file: &str, owner: u32| {
            r.chown(file, owner, owner);
            r.cat(file);
        };
        r.rename("a/foo", "b/bar");
        change(r, "b/bar", 1);
        r.rename("b", "b2");
        change(r, "b2/bar", 2);
        change(r, "b2/beside", 2);
        r.rename("d", "b2/d");
        change(r, "b2/d/sub/f", 3);
        r.rename("b2/d/sub", "sub");
        change(r, "sub/f", 4);
        r.rename("b2/bar", "sub/bar");
        r.rename("sub", "a/sub");
        change(r, "a/sub/bar", 5);
        r.rename("a", "b2/d/a");
        change(r, "b2/d/a/sub/bar", 6);
        change(r, "b2/d/a/sub/f", 6);
        r.rename2("b2/d/a", "b2/beside", RENAME_EXCHANGE);
        change(r, "b2/beside/sub/bar", 7);
        change(r, "b2/d/a", 7);
        look(r, ".");
    })
}

/// A directory that is open, or in which a process works, moves: what they change is changed in it, also if it came to
/// the upper layer after it was opened.
pub fn rename_dir_in_use(b: &mut Builder) -> Steps {
    for file in ["f", "g", "sub/h"] {
        b.lower(0).file(&format!("lower/{file}"), file);
        b.lower(0).file(&format!("merged/{file}"), file);
    }
    b.lower(1).file("merged/other", "other");
    b.upper().file("merged/upper", "upper");
    b.anywhere().dir("to/deep");
    steps(|r| {
        let root = r.root();
        for name in ["lower", "merged"] {
            let fd = r.open(name, O_RDONLY | O_DIRECTORY);
            let sub = r.open(&format!("{name}/sub"), O_PATH | O_DIRECTORY);
            r.put(&format!("{name}/f"), O_WRONLY, "F");
            let moved = format!("{name}-moved");
            r.rename(name, &moved);
            r.mkdir_at(fd, "made");
            r.unlink_at(fd, "f");
            r.rename_at(fd, "g", fd, "g2");
            r.symlink_at("g2", fd, "link");
            r.mkdir_at(sub, "inner");
            r.again(fd);
            let away = format!("to/deep/{name}");
            r.rename(&moved, &away);
            r.mkdir(name);
            r.rename_at(sub, "h", fd, "h");
            r.again(fd);
            r.in_child(|r| {
                r.fchdir(sub);
                r.getcwd(&root);
                r.put("new", O_WRONLY | O_CREAT, "new");
                r.rename("../../../deep", "../../../deeper");
                r.getcwd(&root);
                r.put("../h", O_WRONLY | O_APPEND, " more");
                r.rename("../../../deeper", "../../../deep");
            });
            r.rmdir_at(sub, "inner");
            r.fd_name(sub, &root);
            look(r, ".");
        }
    })
    .not_on(&["chroot"], shape::NO_PROC)
}

/// The listing of an open directory has its number, and that of the directory it is in by now. (overlayfs lists others
/// once the directory has come to the upper layer.)
pub fn rename_dir_in_use_dots(b: &mut Builder) -> Steps {
    b.lower(0).file("lower/f", "f");
    b.lower(0).file("merged/f", "f");
    b.upper().file("merged/upper", "upper");
    b.anywhere().dir("to/deep");
    steps(|r| {
        for name in ["lower", "merged"] {
            let fd = r.open(name, O_RDONLY | O_DIRECTORY);
            r.dots(fd, name, ".");
            r.put(&format!("{name}/f"), O_WRONLY, "F");
            let moved = format!("{name}-moved");
            r.rename(name, &moved);
            r.dots(fd, &moved, ".");
            let away = format!("to/deep/{name}");
            r.rename(&moved, &away);
            r.mkdir(name);
            r.dots(fd, &away, "to/deep");
            r.rename("to/deep", "to/deeper");
            r.dots(fd, &format!("to/deeper/{name}"), "to/deeper");
            r.rename("to/deeper", "to/deep");
        }
    })
}
