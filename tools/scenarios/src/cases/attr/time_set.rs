// SPDX-License-Identifier: GPL-2.0-only
//! Times set by the caller.

use crate::prelude::*;

/// One time set to now and the other left alone is the owner's right, not a writer's.
pub fn time_half_now(b: &mut Builder) -> Steps {
    for name in ["writable", "mine"] {
        b.file(name, "text").mode(0o666);
    }
    b.lower(0)
        .file("owned", "text")
        .owner(1000, 1000)
        .mode(0o400);
    b.dir("dir").mode(0o777);
    b.upper().file("upper", "text").mode(0o666);
    steps(|r| {
        // Earlier reads of the layers have changed the access times.
        for name in ["writable", "owned", "dir", "upper"] {
            r.utimens(name, (5, 6));
        }
        r.as_user(1000, 1000, |r| {
            for name in ["writable", "owned", "dir", "upper"] {
                r.utimensat(name, (NOW, OMIT), 0);
                r.utimensat(name, (OMIT, NOW), 0);
                r.times(name);
                r.utimensat(name, (NOW, NOW), 0);
                r.times(name);
            }
        });
    })
    .absent("mine")
    .in_upper("writable")
}

/// Every combination of a time, now and unchanged, on objects of every type.
pub fn time_now_omit(b: &mut Builder) -> Steps {
    every_kind(b, "low");
    b.upper();
    every_kind(b, "upper");
    steps(|r| {
        const SET: sys::Time = (1_234_567_890, 1);
        for dir in ["low", "upper"] {
            for kind in KINDS {
                let path = format!("{dir}/{kind}");
                let atime = |path: &str| {
                    let stat = sys::stat(path, libc::AT_SYMLINK_NOFOLLOW).expect("it is there");
                    (stat.st_atime, stat.st_atime_nsec)
                };
                let before = atime(&path);
                r.utimensat(&path, (OMIT, SET), libc::AT_SYMLINK_NOFOLLOW);
                r.expect("access time left alone", before == atime(&path));
                for times in [
                    ((7, 999_999_999), OMIT),
                    (OMIT, OMIT),
                    (SET, (8, 0)),
                    (NOW, OMIT),
                    (OMIT, NOW),
                    (SET, NOW),
                    (NOW, SET),
                    (NOW, NOW),
                ] {
                    r.utimensat(&path, times, libc::AT_SYMLINK_NOFOLLOW);
                    r.times(&path);
                }
            }
        }
    })
    .not_on(&["read-only"], shape::LOOKED_AT)
}

/// utimensat that leaves both times alone, or is refused, copies nothing.
pub fn time_omit_copies_nothing(b: &mut Builder) -> Steps {
    b.file("f", "text");
    b.dir("d");
    b.symlink("l", "f");
    steps(|r| {
        for name in ["f", "d", "l"] {
            r.utimensat(name, (OMIT, OMIT), libc::AT_SYMLINK_NOFOLLOW);
            r.utimensat(name, ((5, 1_000_000_000), OMIT), 0);
            r.utimensat(name, ((5, 5), (5, -1)), 0);
            r.utimensat(name, ((5, 5), (5, 5)), libc::AT_REMOVEDIR);
            r.as_user(1000, 1000, |r| {
                r.utimensat(name, (OMIT, OMIT), 0);
                r.utimensat(name, (NOW, NOW), 0);
                r.utimensat(name, (NOW, OMIT), 0);
                r.utimensat(name, ((5, 5), (5, 5)), libc::AT_SYMLINK_NOFOLLOW);
            });
        }
        r.utimensat("f/x", (NOW, NOW), 0);
        r.utimensat("none", (OMIT, OMIT), 0);
        r.utimensat("none", (NOW, NOW), 0);
        r.utimensat("", (NOW, NOW), 0);
        r.stat("f");
    })
    .upper_is(&[])
}

/// Times before 1970 and of the far future are kept or clamped as the upper layer's file system does it.
pub fn time_range(b: &mut Builder) -> Steps {
    b.file("low", "text");
    b.dir("dir");
    b.symlink("link", "low");
    b.upper().file("upper", "text");
    steps(|r| {
        for name in ["low", "dir", "link", "upper"] {
            for seconds in [
                -1,
                -2_147_483_648,
                -2_147_483_649,
                -100_000_000_000,
                2_147_483_648,
                4_294_967_296,
                15_032_385_535,
                15_032_385_536,
                16_299_260_425,
                100_000_000_000_000,
                i64::MAX,
                i64::MIN,
            ] {
                let time = (seconds, 123_456_789);
                r.utimensat(name, (time, time), libc::AT_SYMLINK_NOFOLLOW);
                let Ok(stat) = sys::stat(name, libc::AT_SYMLINK_NOFOLLOW) else {
                    continue;
                };
                r.note(format_args!(
                    "seen: {}.{:09} {}.{:09}",
                    stat.st_atime, stat.st_atime_nsec, stat.st_mtime, stat.st_mtime_nsec
                ));
            }
        }
    })
    .not_on(&["read-only"], shape::LOOKED_AT)
}

/// Unusual times of lower objects are shown and survive copy-up.
pub fn time_range_below(b: &mut Builder) -> Steps {
    const TIMES: [(&str, i64); 5] = [
        ("before", -1),
        ("zero", 0),
        ("old", -2_147_483_648),
        ("late", 2_147_483_648),
        ("later", 4_294_967_297),
    ];
    for (name, seconds) in TIMES {
        b.file(name, "text").mtime(seconds, 999_999_999);
        b.dir(&format!("{name}-dir")).mtime(seconds, 1);
        b.symlink(&format!("{name}-link"), name).mtime(seconds, 2);
    }
    steps(|r| {
        for round in 0..2 {
            for (name, _) in TIMES {
                for suffix in ["", "-dir", "-link"] {
                    let path = format!("{name}{suffix}");
                    let stat = sys::stat(&path, libc::AT_SYMLINK_NOFOLLOW).expect("it is there");
                    r.note(format_args!(
                        "{path}: {}.{:09}",
                        stat.st_mtime, stat.st_mtime_nsec
                    ));
                    if round == 0 {
                        r.chown(&path, 1000, 1000);
                    }
                }
            }
        }
    })
    .in_upper("before-link")
    .not_on(
        &["ext4-erofs"],
        "the image is made of an archive, which has no such times",
    )
    .not_on(
        &["ext4-tmpfs"],
        "in the first second that ext4 knows it knows no parts of it",
    )
}

/// The times of a link and of its target are set separately.
pub fn time_symlink(b: &mut Builder) -> Steps {
    b.lower(1).file("target", "text");
    b.lower(0).symlink("link", "target");
    b.symlink("dangling", "none");
    b.upper().symlink("upper", "link");
    steps(|r| {
        r.utimensat("upper", ((5, 6), (7, 8)), 0);
        for name in ["target", "link", "upper"] {
            r.lstat(name);
        }
        r.utimensat("link", ((9, 10), (11, 12)), libc::AT_SYMLINK_NOFOLLOW);
        r.utimensat("dangling", (NOW, NOW), 0);
        r.utimensat("dangling", (OMIT, (13, 14)), libc::AT_SYMLINK_NOFOLLOW);
        let fd = r.open("upper", O_PATH | O_NOFOLLOW);
        let times = ((15, 16), (17, 18));
        let result = sys::utimensat(fd.raw(), "", times, libc::AT_EMPTY_PATH);
        r.done("utimensat of a link's descriptor", result);
        for name in ["target", "link", "upper", "dangling"] {
            r.lstat(name);
        }
        r.times("link");
        r.times("upper");
        r.readlink("dangling");
    })
    .upper_is(&["dangling", "link", "target", "upper"])
    .not_on(&["read-only"], shape::LOOKED_AT)
}

/// Times are set to the nanosecond on lower objects of every type.
pub fn utimens_lower(b: &mut Builder) -> Steps {
    b.file("f", "text");
    b.dir("d");
    b.symlink("l", "f");
    b.fifo("p");
    steps(|r| {
        for name in ["f", "d", "l", "p"] {
            r.utimens(name, (1_234_567_890, 987_654_321));
            r.lstat(name);
        }
        r.utimens("none", (1, 2));
    })
    .upper_is(&["d", "f", "l", "p"])
}
