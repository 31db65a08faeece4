// SPDX-License-Identifier: GPL-2.0-only
//! Permission to search.

use crate::prelude::*;

/// A new mode of a lower directory has effect at once, also for paths that were walked before.
pub fn perm_directory_mode_changes(b: &mut Builder) -> Steps {
    in_places(b, |b, place| {
        b.dir(&format!("{place}/d")).owner(1000, 500);
        b.file(&format!("{place}/d/sub/f"), "text").mode(0o666);
    });
    steps(|r| {
        let visit = |r: &mut Run, place: &str| {
            for _ in 0..2 {
                r.cat(&format!("{place}/d/sub/f"));
                r.stat(&format!("{place}/d/none"));
                r.ls(&format!("{place}/d"));
            }
        };
        for place in PLACES {
            let path = format!("{place}/d");
            for mode in [0o755, 0o700, 0o750, 0o711, 0o744] {
                r.chmod(&path, mode);
                r.each_user(|r, _| visit(r, place));
            }
            r.chown(&path, 1002, 1002);
            r.each_user(|r, _| visit(r, place));
            r.set_acl(&path, "u:7,user:1001:5,g:0,m:5,o:0");
            r.each_user(|r, _| visit(r, place));
            // Processes that can reach files below can still write them.
            r.as_who(MEMBER, |r| {
                r.put(&format!("{path}/sub/f"), O_WRONLY, "T");
            });
        }
    })
    .in_upper("lower/d/sub/f")
}

/// For a user without rights a whiteout does not exist: the errors are those of a free name.
pub fn perm_hidden_names(b: &mut Builder) -> Steps {
    b.file("file", "text");
    for (dir, mode, owner) in [
        ("closed", 0o755, 0),
        ("shut", 0o766, 0),
        ("owners", 0o711, 1000),
    ] {
        b.lower(0).dir(dir).mode(mode).owner(owner, 500);
        b.file(&format!("{dir}/white"), "gone").mode(0o666);
        b.upper().dir(dir).mode(mode).owner(owner, 500);
        b.whiteout(&format!("{dir}/white"));
    }
    steps(|r| {
        r.each_user(|r, _| {
            for dir in ["closed", "shut", "owners"] {
                for name in ["white", "free"] {
                    let path = format!("{dir}/{name}");
                    r.stat(&path);
                    r.unlink(&path);
                    r.rmdir(&path);
                    r.rename(&path, "elsewhere");
                    r.rename("file", &path);
                    r.link("file", &path);
                    r.chmod(&path, 0o777);
                    r.truncate(&path, 0);
                    r.mknod(&path, libc::S_IFCHR, 0o600, 1, 3);
                    r.try_open(&path, O_RDWR);
                }
                r.ls(dir);
            }
        });
    })
    .upper_gained(&[])
}

/// A user who may write a lower file can do so although its directories are not writable.
pub fn perm_mounter_copies(b: &mut Builder) -> Steps {
    for dir in ["a", "a/b", "a/b/c"] {
        b.dir(dir).mode(0o711);
    }
    b.file("a/b/c/mine", "text").mode(0o600).owner(1002, 1002);
    b.file("a/b/c/blind", "text").mode(0o222);
    b.file("a/b/c/roots", "text");
    steps(|r| {
        r.as_who(OTHER, |r| {
            r.put("a/b/c/mine", O_WRONLY, "T");
            // Copied up by a user who cannot read it.
            r.put("a/b/c/blind", O_WRONLY, "T");
            r.put("a/b/c/blind", O_WRONLY | O_APPEND, "!");
            r.cat("a/b/c/blind");
            // The directories are in the upper layer now, with the same modes.
            r.ls("a/b");
            r.try_open("a/b/c/new", O_WRONLY | O_CREAT);
            r.unlink("a/b/c/mine");
            r.put("a/b/c/roots", O_WRONLY, "T");
            r.chmod("a/b", 0o777);
        });
        for path in ["a", "a/b", "a/b/c", "a/b/c/mine", "a/b/c/blind"] {
            r.stat(path);
        }
        r.cat("a/b/c/blind");
    })
    .upper_is(&["a", "a/b", "a/b/c", "a/b/c/mine", "a/b/c/blind"])
}

/// The contents of a private lower directory stay private after root has copied parts of it.
pub fn perm_restricted_below(b: &mut Builder) -> Steps {
    b.dir("private").mode(0o700);
    b.dir("private/deep").mode(0o777);
    b.file("private/deep/f", "secret").mode(0o666);
    b.file("private/deep/g", "secret").mode(0o666);
    b.file("key", "secret").mode(0o600);
    b.link("key_too", "key");
    steps(|r| {
        let pry = |r: &mut Run| {
            r.each_user(|r, _| {
                r.ls("private");
                r.cat("private/deep/f");
                r.cat("private/deep/g");
                r.cat("key");
                r.cat("key_too");
                r.rename("private/deep/f", "f");
                r.chmod("key", 0o644);
            });
        };
        pry(r);
        r.put("private/deep/f", O_WRONLY, "new");
        r.utimens("key", (5, 5));
        pry(r);
        r.unlink("private/deep/f");
        r.put("private/deep/f", O_WRONLY | O_CREAT, "newer");
        pry(r);
    })
    .layers(|l| {
        l.upper_is(&["key", "private", "private/deep", "private/deep/f"])?;
        let modes = ["private", "private/deep", "key"].map(|path| l.stat(path));
        for (stat, mode) in modes.into_iter().zip([0o700, 0o777, 0o600]) {
            if stat?.st_mode & 0o7777 != mode {
                return Err(format!("a copy must have the mode {mode:o}"));
            }
        }
        Ok(())
    })
    .allow(
        "key",
        "the names of a lower file become separate files at copy-up",
    )
}

/// Changes through a path that the caller may not search are refused and copy nothing.
pub fn perm_search_changes(b: &mut Builder) -> Steps {
    b.file("his", "text").owner(1002, 1002);
    in_places(b, |b, place| {
        b.dir(&format!("{place}/shut")).mode(0o766);
        b.dir(&format!("{place}/shut/open"))
            .mode(0o777)
            .owner(1002, 1002);
        b.file(&format!("{place}/shut/open/f"), "text")
            .mode(0o777)
            .owner(1002, 1002)
            .xattr("user.a", b"1");
        b.dir(&format!("{place}/shut/open/empty")).owner(1002, 1002);
    });
    steps(|r| {
        r.as_who(OTHER, |r| {
            for place in PLACES {
                let dir = format!("{place}/shut/open");
                let path = format!("{dir}/f");
                r.try_open(&path, O_WRONLY | O_TRUNC);
                r.try_open(&format!("{dir}/new"), O_WRONLY | O_CREAT);
                r.try_open(&dir, O_RDWR | O_TMPFILE);
                r.truncate(&path, 0);
                r.chmod(&path, 0o600);
                r.chown(&path, 1002, 1002);
                r.utimens(&path, (5, 5));
                r.setxattr(&path, "user.a", "1");
                r.removexattr(&path, "user.a");
                r.set_acl(&path, "u:7,g:7,o:7");
                r.unlink(&path);
                r.rmdir(&format!("{dir}/empty"));
                r.mkdir(&format!("{dir}/new"));
                r.mkfifo(&format!("{dir}/new"), 0o600);
                r.symlink("x", &format!("{dir}/new"));
                r.link(&path, "here");
                r.link("his", &format!("{dir}/new"));
                r.rename(&path, "here");
                r.rename("his", &format!("{dir}/new"));
                r.rename2("his", &path, RENAME_EXCHANGE);
                r.bind(&format!("{dir}/socket"));
                // By a detour through a directory that cannot be searched, to one that can.
                r.chmod(&format!("{place}/shut/../../his"), 0o600);
            }
        });
    })
    .upper_gained(&[])
}

/// A directory that the caller may not search stops every call, wherever it is in the path.
pub fn perm_search_each_component(b: &mut Builder) -> Steps {
    in_places(b, |b, place| {
        // The group cannot search one directory of each path, a different one each time.
        for (name, modes) in [
            ("a", [0o705, 0o755, 0o755]),
            ("b", [0o755, 0o705, 0o755]),
            ("c", [0o755, 0o755, 0o704]),
        ] {
            let mut path = format!("{place}/{name}");
            for (depth, mode) in modes.into_iter().enumerate() {
                path += &format!("/{}", depth + 1);
                b.dir(&path).mode(mode).owner(1000, 500);
            }
            b.file(&format!("{path}/f"), "text")
                .mode(0o777)
                .xattr("user.a", b"1");
            b.symlink(&format!("{path}/l"), "f");
        }
    });
    steps(|r| {
        r.each_user(|r, _| {
            for place in PLACES {
                for shut in ["a", "b", "c"] {
                    let dir = format!("{place}/{shut}/1/2/3");
                    let path = format!("{dir}/f");
                    r.stat(&path);
                    r.cat(&path);
                    r.try_open(&path, O_RDWR | O_CREAT);
                    r.readlink(&format!("{dir}/l"));
                    r.getxattr(&path, "user.a");
                    r.access(&path, F_OK);
                    r.statfs(&path);
                    r.in_child(|r| {
                        r.chdir(&format!("{dir}/.."));
                    });
                    r.exec(&path, &[]);
                    r.ls(&dir);
                }
            }
        });
    })
    .upper_gained(&[])
}

/// Only the topmost part of a merged directory decides on rights.
pub fn perm_upper_directory_decides(b: &mut Builder) -> Steps {
    b.lower(1).dir("opened").mode(0o700);
    b.file("opened/f", "text").mode(0o666);
    b.dir("shut").mode(0o777);
    b.file("shut/f", "text").mode(0o666);
    b.lower(0).dir("opened").mode(0o000).owner(1003, 1003);
    b.dir("shut").mode(0o777);
    b.file("shut/g", "text").mode(0o666);
    b.upper().dir("opened").mode(0o755).owner(1000, 500);
    b.dir("shut").mode(0o700).owner(1000, 500);
    steps(|r| {
        for who in [OTHER, OWNER] {
            r.as_who(who, |r| {
                r.ls("opened");
                r.cat("opened/f");
                r.put("opened/f", O_WRONLY, who.name);
                r.try_open("opened/new", O_WRONLY | O_CREAT);
                r.ls("shut");
                r.cat("shut/f");
                r.put("shut/g", O_WRONLY, who.name);
                r.unlink("shut/f");
            });
        }
    })
    .in_upper("opened/f")
    .whiteout("shut/f")
}

/// Directories without search permission exclude everyone.
pub fn search_permission(b: &mut Builder) -> Steps {
    b.dir("closed").mode(0o700);
    b.file("closed/f", "text").mode(0o666);
    b.dir("blind").mode(0o711);
    b.file("blind/f", "text");
    b.dir("look").mode(0o744);
    b.file("look/f", "text");
    steps(|r| {
        r.as_user(1000, 1000, |r| {
            for dir in ["closed", "blind", "look"] {
                r.ls(dir);
                r.cat(&format!("{dir}/f"));
                r.stat(&format!("{dir}/none"));
                r.chdir(dir);
                r.access(dir, X_OK);
            }
        });
    })
    .upper_is(&[])
}
