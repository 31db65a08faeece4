// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "every combination of a time, now and leave-alone, on objects of every type",
    setup: |b| {
        every_kind(b, "low");
        b.upper();
        every_kind(b, "top");
    },
    steps: |r| {
        const SET: sys::Time = (1_234_567_890, 1);
        for dir in ["low", "top"] {
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
    },
    not_on: &[("read-only", shape::LOOKED_AT)],
    ..Scenario::DEFAULT
};
