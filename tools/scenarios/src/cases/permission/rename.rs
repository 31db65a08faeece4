// SPDX-License-Identifier: GPL-2.0-only
//! Permission to rename and delete.

use crate::prelude::*;

/// A directory that gets another parent must itself be writable, for its entry "..".
pub fn perm_rename_directory_itself(b: &mut Builder) -> Steps {
    in_places(b, |b, place| {
        b.dir(&format!("{place}/from")).mode(0o777);
        b.dir(&format!("{place}/to")).mode(0o777);
        for (name, mode) in [
            ("from/stays", 0o755),
            ("from/moves", 0o757),
            ("from/moves_too", 0o757),
            ("to/full", 0o777),
        ] {
            b.dir(&format!("{place}/{name}")).mode(mode);
            b.file(&format!("{place}/{name}/f"), "text");
        }
        b.dir(&format!("{place}/to/empty"));
        b.file(&format!("{place}/to/file"), "text");
    });
    steps(|r| {
        r.as_who(OTHER, |r| {
            for place in ["lower", "upper"] {
                // Refused before it is known whether the directory can be moved at all.
                r.rename(&format!("{place}/from/stays"), &format!("{place}/to/stays"));
                r.rename2(
                    &format!("{place}/from/stays"),
                    &format!("{place}/to/full"),
                    RENAME_EXCHANGE,
                );
                r.rename2(
                    &format!("{place}/to/file"),
                    &format!("{place}/from/stays"),
                    RENAME_EXCHANGE,
                );
            }
            // With the same parent it need not be.
            r.rename("upper/from/stays", "upper/from/renamed");
            r.rename("upper/from/moves", "upper/to/moves");
            r.rename("upper/from/moves_too", "upper/to/empty");
        });
        r.ls("upper/from");
        r.ls("upper/to");
    })
    .absent("lower")
    .in_upper("upper/from/renamed/f")
    .in_upper("upper/to/moves/f")
}

/// A rename needs rights to both directories, and copies nothing without them.
pub fn perm_rename_dirs(b: &mut Builder) -> Steps {
    in_places(b, |b, place| {
        b.dir(&format!("{place}/closed"));
        b.dir(&format!("{place}/open")).mode(0o777);
        for dir in ["closed", "open"] {
            for file in ["a", "b"] {
                b.file(&format!("{place}/{dir}/{file}"), file)
                    .owner(1002, 1002);
            }
            b.dir(&format!("{place}/{dir}/dir")).owner(1002, 1002);
        }
    });
    steps(|r| {
        r.as_who(OTHER, |r| {
            for place in PLACES {
                for (from, to) in [("closed", "open"), ("open", "closed"), ("closed", "closed")] {
                    let old = format!("{place}/{from}/a");
                    let new = format!("{place}/{to}/b");
                    let free = format!("{place}/{to}/free");
                    for flags in [0, RENAME_NOREPLACE, RENAME_EXCHANGE, RENAME_WHITEOUT] {
                        r.rename2(&old, &new, flags);
                        r.rename2(&old, &free, flags);
                    }
                    r.rename(&format!("{place}/{from}/dir"), &free);
                    r.rename(&format!("{place}/{from}/none"), &free);
                    r.link(&old, &format!("{place}/closed/link"));
                }
            }
        });
    })
    .upper_gained(&[])
}

/// Deleting a name needs rights to its directory, not to the file.
pub fn perm_unlink(b: &mut Builder) -> Steps {
    const MODES: [u32; 5] = [0o300, 0o474, 0o447, 0o500, 0o600];
    in_places(b, |b, place| {
        for mode in MODES {
            let dir = format!("{place}/{mode:03o}");
            b.dir(&dir).mode(mode).owner(1000, 500);
            for who in USERS {
                b.file(&format!("{dir}/{}", who.name), "text").mode(0);
            }
        }
    });
    steps(|r| {
        r.each_user(|r, who| {
            for place in PLACES {
                for mode in MODES {
                    r.unlink(&format!("{place}/{mode:03o}/{}", who.name));
                    r.unlink(&format!("{place}/{mode:03o}/none"));
                }
            }
        });
    })
    .layers(|l| {
        for place in ["lower", "merged"] {
            l.whiteout(&format!("{place}/300/owner"))?;
            l.whiteout(&format!("{place}/474/member"))?;
            l.whiteout(&format!("{place}/447/other"))?;
            for kept in [
                "300/member",
                "474/owner",
                "447/member",
                "500/owner",
                "600/owner",
            ] {
                l.absent(&format!("{place}/{kept}"))?;
            }
        }
        // There no change is possible.
        l.absent("lower/500")?;
        l.absent("lower/600")
    })
}

/// Removing an unreadable empty directory depends on the rights to its parent.
pub fn perm_unreadable_directories(b: &mut Builder) -> Steps {
    b.dir("his").mode(0o777).owner(1002, 1002);
    for name in ["lower", "merged", "white", "full", "target"] {
        b.lower(0).dir(&format!("his/{name}")).mode(0);
        if name == "white" || name == "full" {
            b.file(&format!("his/{name}/f"), "text");
        }
        if name == "merged" || name == "white" {
            b.upper().dir("his").mode(0o777).owner(1002, 1002);
            b.dir(&format!("his/{name}")).mode(0);
        }
    }
    b.upper().whiteout("his/white/f");
    b.dir("his/new").owner(1002, 1002).mode(0o700);
    steps(|r| {
        r.as_who(OTHER, |r| {
            for name in ["lower", "merged", "white", "full"] {
                let path = format!("his/{name}");
                r.ls(&path);
                r.stat(&format!("{path}/f"));
                r.rmdir(&path);
            }
            r.rename("his/new", "his/full");
            r.rename("his/new", "his/target");
            r.ls("his");
            r.mkdir("his/white");
            r.ls("his/white");
        });
    })
    .whiteout("his/lower")
    .opaque("his/white")
    .opaque("his/target")
    .absent("his/full")
}

/// A file that its user cannot read is moved and changed like any other.
pub fn perm_unreadable_files(b: &mut Builder) -> Steps {
    b.dir("his").owner(1002, 1002);
    b.dir("roots").mode(0o777);
    for dir in ["his", "roots"] {
        b.file(&format!("{dir}/none"), "text")
            .mode(0)
            .owner(1002, 1002);
        b.file(&format!("{dir}/foreign"), "secret").mode(0o600);
        b.file(&format!("{dir}/victim"), "secret").mode(0o600);
        b.symlink(&format!("{dir}/link"), "foreign");
        b.fifo(&format!("{dir}/fifo")).mode(0);
    }
    steps(|r| {
        r.as_who(OTHER, |r| {
            for dir in ["his", "roots"] {
                let path = |name: &str| format!("{dir}/{name}");
                r.cat(&path("none"));
                r.utimens(&path("none"), (5, 5));
                r.chmod(&path("none"), 0o200);
                r.cat(&path("none"));
                r.link(&path("none"), &path("none_too"));
                r.rename(&path("foreign"), &path("moved"));
                r.rename(&path("link"), &path("link_moved"));
                r.rename(&path("fifo"), &path("fifo_moved"));
                r.rename2(&path("moved"), &path("victim"), RENAME_EXCHANGE);
                r.rename(&path("none"), &path("victim"));
                r.cat(&path("moved"));
                r.lstat(&path("moved"));
            }
            r.rename("his/moved", "roots/victim");
        });
        r.cat("roots/victim");
    })
    .whiteout("his/foreign")
    .in_upper("roots/victim")
}
