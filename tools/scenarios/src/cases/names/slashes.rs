// SPDX-License-Identifier: GPL-2.0-only
//! Paths that end in slashes and dots.

use crate::prelude::*;

/// Calls that change attributes, on paths that end in a slash or a dot: only directories are changed.
pub fn path_slash_changing(b: &mut Builder) -> Steps {
    slashes::tree(b);
    steps(|r| {
        r.unlink("gone");
        for name in slashes::NAMES {
            for (n, end) in ["/", "//", "/.", "/./"].into_iter().enumerate() {
                let path = format!("{name}{end}");
                let id = n as u32 + 1;
                r.chmod(&path, 0o700 + id);
                r.chown(&path, id, id);
                r.truncate(&path, 3);
                r.utimens(&path, (1_111_111_111, n as i64));
                r.setxattr(&path, &format!("user.{n}"), "1");
                r.removexattr(&path, "user.a");
                r.open(&path, O_WRONLY | O_TRUNC);
                r.stat(name);
            }
        }
    })
    .absent("f")
    .absent("to-dir")
    .in_upper("d")
    .in_upper("merged")
}

/// Calls that change nothing, on paths that end in a slash, a dot or two dots.
pub fn path_slash_looking(b: &mut Builder) -> Steps {
    slashes::tree(b);
    steps(|r| {
        r.unlink("gone");
        for name in slashes::NAMES {
            for end in ["/", "///", "/.", "/./", "/..", "/../"] {
                let path = format!("{name}{end}");
                r.stat(&path);
                r.lstat(&path);
                r.readlink(&path);
                r.access(&path, R_OK);
                r.getxattr(&path, "user.a");
                r.listxattr(&path);
                r.done(
                    format_args!("statfs({path:?})"),
                    sys::statfs(&path).map(drop),
                );
                for flags in [
                    O_RDONLY,
                    O_RDWR,
                    O_PATH,
                    O_PATH | O_NOFOLLOW,
                    O_RDONLY | O_NOFOLLOW,
                ] {
                    r.opens(&path, flags);
                }
                r.in_child(|r| {
                    r.chdir(&path);
                });
            }
        }
    })
    .upper_is(&["gone", "upper-dir", "upper-file"])
}

/// Calls that make a name, on paths that end in a slash or dots: only mkdir accepts a slash.
pub fn path_slash_making(b: &mut Builder) -> Steps {
    slashes::tree(b);
    steps(|r| {
        r.unlink("gone");
        for name in slashes::NAMES {
            for end in ["/", "//", "/.", "/.."] {
                let path = format!("{name}{end}");
                r.open(&path, O_WRONLY | O_CREAT);
                r.open(&path, O_RDONLY | O_CREAT | O_EXCL);
                r.open(&path, O_RDONLY | O_CREAT | O_DIRECTORY);
                r.symlink("x", &path);
                r.link("f", &path);
                r.link(&path, "never");
                r.mkfifo(&path, 0o600);
                r.mknod(&path, libc::S_IFREG, 0o600, 0, 0);
                r.mknod(&path, libc::S_IFCHR, 0o600, 1, 3);
                r.bind(&path);
                r.mkdir(&path);
            }
        }
        r.ls(".");
    })
    .opaque("gone")
    .absent("f")
}

/// rmdir accepts a slash after a directory, unlink never does; neither accepts a dot at the end.
pub fn path_slash_removing(b: &mut Builder) -> Steps {
    slashes::tree(b);
    b.anywhere().dir("empty");
    b.symlink("to-empty", "empty");
    steps(|r| {
        r.unlink("gone");
        for name in slashes::NAMES.into_iter().chain(["to-empty"]) {
            for end in ["/", "//", "/.", "/..", "/x/..", "/x/."] {
                let path = format!("{name}{end}");
                r.unlink(&path);
                r.rmdir(&path);
            }
        }
        r.rmdir("to-empty");
        r.rmdir("empty/.");
        r.rmdir("empty//");
        r.rmdir(".");
        r.rmdir("..");
        r.unlink(".");
        r.unlink("");
        r.rmdir("");
        r.ls(".");
    })
    .whiteout("empty")
    .absent("upper-dir")
    .absent("d")
}

/// rename accepts a slash after directories only, on both sides, and no dots.
pub fn path_slash_renaming(b: &mut Builder) -> Steps {
    const NAMES: [&str; 7] = [
        "f",
        "to-file",
        "to-dir",
        "dangling",
        "gone",
        "none",
        "upper-file",
    ];
    b.file("f", "0123456789").xattr("user.a", b"1");
    b.file("d/x", "x");
    b.symlink("to-file", "f");
    b.symlink("to-dir", "d");
    b.symlink("dangling", "none");
    b.file("gone", "deleted");
    b.lower(1).file("merged/x", "1");
    b.lower(0).dir("merged");
    b.upper().file("upper-file", "0123456789");
    b.dir("upper-dir");
    steps(|r| {
        r.unlink("gone");
        for name in NAMES {
            for end in ["/", "//", "/.", "/.."] {
                let path = format!("{name}{end}");
                r.rename(&path, "never");
                r.rename("f", &path);
                r.rename2("f", &path, RENAME_NOREPLACE);
                r.rename2("f", &path, RENAME_EXCHANGE);
                r.rename2(&path, "f", RENAME_EXCHANGE);
            }
        }
        for path in ["d/.", "d/..", "merged/.", "upper-dir/."] {
            r.rename(path, "never");
            r.rename("upper-dir", path);
            r.rename2("upper-dir", path, RENAME_NOREPLACE);
        }
        // Directories of the upper layer can be moved.
        r.rename("upper-dir/", "one");
        r.rename("one", "two/");
        r.rename("two//", "three//");
        r.mkdir("four");
        r.rename("three/", "four/");
        r.rename("f", "four/");
        r.rename("four/", "gone/");
        r.rename("gone/", "to-dir/");
        r.rename("gone/", "f/");
        r.ls(".");
    })
    .absent("f")
    .opaque("gone")
}
