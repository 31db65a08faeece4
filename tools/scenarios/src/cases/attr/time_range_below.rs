// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "unusual times of lower objects are shown and survive copy-up",
    setup: |b| {
        for (name, seconds) in TIMES {
            b.file(name, "text").mtime(seconds, 999_999_999);
            b.dir(&format!("{name}-dir")).mtime(seconds, 1);
            b.symlink(&format!("{name}-link"), name).mtime(seconds, 2);
        }
    },
    steps: |r| {
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
    },
    layers: Some(|l| l.in_upper("before-link")),
    not_on: &[
        (
            "ext4-erofs",
            "the image is made of an archive, which has no such times",
        ),
        (
            "ext4-tmpfs",
            "in the first second that ext4 knows it knows no parts of it",
        ),
    ],
    ..Scenario::DEFAULT
};

const TIMES: [(&str, i64); 5] = [
    ("before", -1),
    ("zero", 0),
    ("old", -2_147_483_648),
    ("late", 2_147_483_648),
    ("later", 4_294_967_297),
];
