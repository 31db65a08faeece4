// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "an O_TMPFILE file gets its name where something of any kind was deleted, and not where \
        it is",
    setup: |b| {
        for what in What::ALL {
            b.anywhere().object(what, &format!("gone/{what}"));
            b.object(what, &format!("lower/{what}"));
            b.upper().object(what, &format!("top/{what}"));
        }
    },
    steps: |r| {
        for what in What::ALL {
            r.remove(what, &format!("gone/{what}"));
            let fd = r.open_mode("gone", O_RDWR | O_TMPFILE, 0o640);
            r.write(fd, format!("{what}"));
            for dir in ["lower", "top", "gone", "gone"] {
                r.link_fd(fd, &format!("{dir}/{what}"));
            }
            r.link_empty(fd, &format!("lower/{what}.second"));
            r.fstat(fd);
            r.see(&format!("gone/{what}"));
            r.unlink(&format!("gone/{what}"));
            r.lstat(&format!("gone/{what}"));
            r.see(&format!("lower/{what}.second"));
        }
        r.ls("gone");
    },
    layers: Some(|l| {
        l.whiteout("gone/full")?;
        l.in_upper("lower/full.second")?;
        l.absent("lower/full")
    }),
    ..Scenario::DEFAULT
};
