// SPDX-License-Identifier: GPL-2.0-only
//! Sticky directories.

use crate::prelude::*;

/// In a sticky directory, only the owner of the directory or of the object may change names.
pub fn perm_sticky_matrix(b: &mut Builder) -> Steps {
    in_places(b, |b, place| {
        b.dir(&format!("{place}/tmp")).mode(0o1777).owner(1000, 500);
        b.dir(&format!("{place}/out")).mode(0o777);
        for number in 0..3 {
            b.dir(&format!("{place}/tmp/dir{number}")).owner(1001, 1001);
            for name in [
                "tmp/file",
                "tmp/moves",
                "tmp/target",
                "tmp/exchange",
                "out/in",
                "out/exchange",
            ] {
                b.file(&format!("{place}/{name}{number}"), name)
                    .owner(1001, 1001);
            }
        }
    });
    steps(|r| {
        // 1000 owns the directory, 1001 the objects, 1002 nothing.
        for (who, number) in [(OTHER, 0), (MEMBER, 1), (OWNER, 2)] {
            r.as_who(who, |r| {
                for place in PLACES {
                    let path = |name: &str| format!("{place}/tmp/{name}{number}");
                    let out = format!("{place}/out");
                    r.unlink(&path("file"));
                    r.rmdir(&path("dir"));
                    r.rename(&path("moves"), &format!("{out}/moves{number}"));
                    r.rename(&format!("{out}/in{number}"), &path("target"));
                    r.rename2(
                        &format!("{out}/exchange{number}"),
                        &path("exchange"),
                        RENAME_EXCHANGE,
                    );
                    r.put(&path("new"), O_WRONLY | O_CREAT, "mine");
                }
            });
        }
        for place in PLACES {
            r.ls(&format!("{place}/tmp"));
            r.ls(&format!("{place}/out"));
        }
    })
    .layers(|l| {
        for name in ["file0", "dir0", "moves0", "target0", "exchange0"] {
            l.absent(&format!("lower/tmp/{name}"))?;
        }
        l.absent("lower/out/in0")?;
        l.absent("merged/tmp/file0")?;
        l.whiteout("lower/tmp/file1")?;
        l.whiteout("lower/tmp/dir2")?;
        l.in_upper("merged/out/exchange2")
    })
}

/// In sticky directories an owner's object replaces and exchanges no object of others, directories included.
pub fn perm_sticky_replace(b: &mut Builder) -> Steps {
    in_places(b, |b, place| {
        for dir in ["a", "b"] {
            b.dir(&format!("{place}/{dir}")).mode(0o1777);
            b.file(&format!("{place}/{dir}/file"), "text")
                .owner(1000, 500);
            b.dir(&format!("{place}/{dir}/dir"))
                .mode(0o777)
                .owner(1000, 500);
        }
        b.file(&format!("{place}/b/writable"), "text")
            .mode(0o666)
            .owner(1000, 500);
        b.file(&format!("{place}/a/mine"), "text").owner(1002, 1002);
        b.dir(&format!("{place}/a/my_dir")).owner(1002, 1002);
    });
    steps(|r| {
        r.as_who(OTHER, |r| {
            for place in PLACES {
                let path = |name: &str| format!("{place}/{name}");
                for (old, new) in [
                    ("a/file", "b/file"),
                    ("a/dir", "b/dir"),
                    ("a/mine", "b/file"),
                    ("a/my_dir", "b/dir"),
                    ("b/dir", "a/my_dir"),
                ] {
                    for flags in [0, RENAME_NOREPLACE, RENAME_EXCHANGE] {
                        r.rename2(&path(old), &path(new), flags);
                    }
                }
                // The user owns the link, but not its target.
                r.link(&path("b/writable"), &path("a/link"));
                r.unlink(&path("a/link"));
            }
        });
    })
    .absent("lower/a/file")
    .absent("lower/b/file")
    .absent("lower/a/mine")
}

/// In a sticky directory users delete only their own files.
pub fn sticky_directory(b: &mut Builder) -> Steps {
    b.dir("tmp").mode(0o1777);
    b.file("tmp/mine", "x").owner(1000, 1000);
    b.file("tmp/his", "x").owner(1001, 1001).mode(0o666);
    steps(|r| {
        r.as_user(1000, 1000, |r| {
            r.unlink("tmp/his");
            r.rename("tmp/his", "tmp/x");
            r.rename("tmp/mine", "tmp/his");
            r.put("tmp/his", O_WRONLY, "written");
            r.unlink("tmp/his");
            r.unlink("tmp/mine");
            r.put("tmp/mine", O_WRONLY | O_CREAT, "new");
        });
        r.ls("tmp");
        r.stat("tmp/his");
    })
    .in_upper("tmp/his")
}
