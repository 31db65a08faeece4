// SPDX-License-Identifier: GPL-2.0-only
//! Renames that are refused.

use crate::prelude::*;

/// An immutable or append-only file is not renamed, linked, replaced or deleted, nor is anything in such a directory.
pub fn rename_immutable(b: &mut Builder) -> Steps {
    for dir in ["lower", "copied"] {
        for name in ["immutable", "append", "free"] {
            b.file(&format!("{dir}/{name}"), "text");
        }
        for name in ["immutable", "append"] {
            b.file(&format!("{dir}/dir-{name}/f"), "text");
            b.dir(&format!("{dir}/dir-{name}/empty"));
        }
    }
    steps(|r| {
        const FLAGS: [(&str, u32); 2] = [("immutable", 0x10), ("append", 0x20)];
        for dir in ["lower", "copied"] {
            let mut held = Vec::new();
            for (name, flag) in FLAGS {
                for path in [format!("{dir}/{name}"), format!("{dir}/dir-{name}")] {
                    if dir == "copied" {
                        r.chmod(&path, 0o755);
                    }
                    let fd = r.open(&path, O_RDONLY);
                    r.set_flags(fd, flag, 0x30);
                    held.push(fd);
                }
            }
            for (name, _) in FLAGS {
                let (file, parent) = (format!("{dir}/{name}"), format!("{dir}/dir-{name}"));
                let free = format!("{dir}/free");
                for (old, new) in [
                    (file.clone(), format!("{dir}/x")),
                    (free.clone(), file.clone()),
                    (free.clone(), format!("{parent}/f")),
                    (free.clone(), format!("{parent}/x")),
                    (format!("{parent}/f"), format!("{dir}/x")),
                    (format!("{parent}/x"), free.clone()),
                ] {
                    r.rename(&old, &new);
                    r.rename2(&old, &new, RENAME_EXCHANGE);
                }
                r.link(&file, &format!("{dir}/x"));
                r.link(&free, &format!("{parent}/y"));
                r.unlink(&file);
                r.unlink(&format!("{parent}/f"));
                r.rmdir(&format!("{parent}/empty"));
                r.mkdir(&format!("{parent}/new"));
                r.ls(&parent);
            }
            for fd in held {
                r.set_flags(fd, 0, 0x30);
            }
            r.ls(dir);
        }
    })
    .not_on(shape::IMAGES, shape::NO_FLAGS)
}

/// Names of 255 bytes are renamed like others, and longer ones are refused.
pub fn rename_names_at_the_limit(b: &mut Builder) -> Steps {
    b.file(&"l".repeat(255), "lower");
    b.file(&format!("d/{}", "g".repeat(255)), "gone");
    steps(|r| {
        let (lower, gone) = ("l".repeat(255), format!("d/{}", "g".repeat(255)));
        r.rename(&lower, &"m".repeat(256));
        r.rename(&"m".repeat(256), "x");
        r.unlink(&gone);
        r.rename(&lower, &gone);
        r.see(&gone);
        r.rename2(&gone, &lower, RENAME_NOREPLACE);
        r.make(What::Full, &"n".repeat(255));
        r.rename(&"n".repeat(255), &gone);
        r.see(&gone);
        r.rename2(&gone, &lower, RENAME_EXCHANGE);
        r.rename(&"./".repeat(2047), "x");
        r.ls(".");
        r.ls("d");
    })
    .layers(|l| l.opaque(&"l".repeat(255)))
}

/// Slashes at the end, dots and links in the paths of a rename.
pub fn rename_path_forms(b: &mut Builder) -> Steps {
    b.file("f", "text");
    b.file("d/f", "text");
    b.symlink("to-dir", "d");
    b.symlink("to-file", "f");
    b.symlink("dangling", "none");
    b.symlink("loop", "loop");
    b.dir("gone");
    steps(|r| {
        r.rmdir("gone");
        r.mkdir("new");
        for (old, new) in [
            ("f/", "g"),
            ("f", "g/"),
            ("f", "gone/"),
            ("to-file/", "g"),
            ("dangling/", "g"),
            ("to-dir/", "g"),
            ("f", "to-dir/"),
            (".", "g"),
            ("..", "g"),
            ("new/.", "g"),
            ("new/..", "g"),
            ("f", "."),
            ("new", ".."),
            ("new", "d/."),
            ("", "g"),
            ("f", ""),
            ("loop/x", "g"),
            ("f", "loop/x"),
            ("f/x", "g"),
            ("none/x", "g"),
        ] {
            r.rename(old, new);
            r.rename2(old, new, RENAME_NOREPLACE);
            r.rename2(old, new, RENAME_EXCHANGE);
        }
        // With a slash, a directory may take a name, also a deleted one; the links themselves are renamed.
        r.rename("new/", "gone/");
        r.rename("to-dir/../f", "to-dir/g");
        r.rename("to-file", "dangling");
        r.readlink("dangling");
        r.rename("loop", "to-dir/loop");
        r.rename("to-dir", "gone/to-dir");
        r.ls("d");
        r.ls(".");
    })
    .in_upper("gone")
    .whiteout("to-file")
}

/// A rename needs rights to both directories, and to the moved directory itself where its parent changes.
pub fn rename_permissions(b: &mut Builder) -> Steps {
    b.dir("open").mode(0o777);
    b.file("open/f", "text").owner(1000, 1000);
    b.file("closed/f", "text").owner(1000, 1000);
    b.dir("blind").mode(0o666).owner(1000, 1000);
    b.file("blind/f", "text").owner(1000, 1000);
    b.dir("other").mode(0o777);
    steps(|r| {
        r.mkdir_mode("open/stiff", 0o555);
        r.make(What::Full, "open/soft");
        r.chmod("open/soft", 0o777);
        r.as_user(1000, 1000, |r| {
            for (old, new) in [
                ("open/f", "closed/x"),
                ("closed/f", "open/x"),
                ("closed/f", "closed/x"),
                ("blind/f", "open/x"),
                ("open/f", "blind/x"),
                ("open/none", "closed/x"),
                // Its `..` would have to be written.
                ("open/stiff", "other/stiff"),
                ("open/stiff", "open/renamed"),
                ("open/soft", "other/soft"),
                ("other/soft", "open/renamed"),
            ] {
                r.rename(old, new);
                r.rename2(old, new, RENAME_EXCHANGE);
            }
            r.rename("open/f", "other/f");
        });
        r.ls("open");
        r.ls("other");
    })
    .absent("closed")
    .absent("blind")
    .whiteout("open/f")
}

/// Renames that are impossible.
pub fn rename_refused(b: &mut Builder) -> Steps {
    b.file("f", "text");
    b.dir("d");
    b.file("full/x", "x");
    steps(|r| {
        r.rename("none", "x");
        r.rename("f", "d");
        r.rename("d", "f");
        r.rename("d", "d/sub");
        r.rename("f", "none/x");
        r.rename("f", "f/x");
        r.rename("f", "f");
        r.rename("d", "d");
        r.rename("d", ".");
        r.rename2("f", "d", 0x80);
        r.rename2("f", "d", RENAME_EXCHANGE | RENAME_NOREPLACE);
        r.ls(".");
    })
}

/// In a sticky directory, a user who owns neither it nor the object moves, replaces and exchanges nothing.
pub fn rename_sticky(b: &mut Builder) -> Steps {
    b.dir("tmp").mode(0o1777).owner(1002, 1002);
    b.dir("free").mode(0o777);
    for (name, uid) in [
        ("mine", 1000),
        ("mine2", 1000),
        ("his", 1001),
        ("his2", 1001),
    ] {
        b.file(&format!("tmp/{name}"), name).owner(uid, uid);
        b.file(&format!("free/{name}"), name).owner(uid, uid);
    }
    b.dir("tmp/dir").owner(1001, 1001);
    steps(|r| {
        r.as_user(1000, 1000, |r| {
            for (old, new) in [
                ("tmp/his", "free/x"),
                ("free/mine", "tmp/his"),
                ("tmp/mine", "tmp/his"),
            ] {
                for flags in [0, RENAME_EXCHANGE, RENAME_WHITEOUT] {
                    r.rename2(old, new, flags);
                }
            }
            r.mkdir("free/new");
            r.rename("free/new", "tmp/dir");
            r.rename2("tmp/mine", "tmp/mine2", RENAME_EXCHANGE);
            r.rename("tmp/mine", "free/moved");
            r.rename("free/his", "tmp/his-now");
            r.rename("tmp/his-now", "free/his");
        });
        // The owner of the directory may do all of it.
        r.as_user(1002, 1002, |r| {
            r.rename2("tmp/his", "tmp/mine2", RENAME_EXCHANGE);
            r.rename("tmp/his", "tmp/his2");
        });
        r.ls("tmp");
        r.ls("free");
    })
    .absent("tmp/dir")
    .in_upper("tmp/his2")
}
