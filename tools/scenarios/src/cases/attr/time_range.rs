// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "times before 1970 and of the far future are kept or clamped as the upper layer's file system does it",
    setup: |b| {
        b.file("low", "text");
        b.dir("dir");
        b.symlink("link", "low");
        b.upper().file("top", "text");
    },
    steps: |r| {
        for name in ["low", "dir", "link", "top"] {
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
    },
    not_on: &[("read-only", shape::LOOKED_AT)],
    ..Scenario::DEFAULT
};
