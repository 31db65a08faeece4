// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "what is made in a user namespace belongs to the outer ids, directories decide as outside",
    setup: |b| {
        in_places(b, |b, place| {
            b.dir(&format!("{place}/all")).mode(0o777);
            b.dir(&format!("{place}/team")).mode(0o2777).owner(7, 7);
            b.dir(&format!("{place}/mapped"))
                .mode(0o500)
                .owner(1001, 1001);
            b.dir(&format!("{place}/closed"));
        });
        b.lower(0).file("white/f", "old");
        b.upper().dir("white").mode(0o755).owner(1001, 1001);
        b.whiteout("white/f");
    },
    steps: |r| {
        r.in_userns("0 1000 4\n", "0 1000 4\n", |r| {
            for place in PLACES {
                for dir in ["all", "team", "mapped", "closed"] {
                    let path = |name: &str| format!("{place}/{dir}/{name}");
                    r.put(&path("f"), O_WRONLY | O_CREAT, "x");
                    r.mkdir_mode(&path("d"), 0o700);
                    r.symlink("x", &path("l"));
                    r.open_mode(&format!("{place}/{dir}"), O_RDWR | O_TMPFILE, 0o2770);
                    r.lstat(&path("f"));
                    r.lstat(&path("d"));
                }
            }
            r.put("white/f", O_WRONLY | O_CREAT, "new");
        });
        for place in PLACES {
            r.lstat(&format!("{place}/team/d"));
            r.lstat(&format!("{place}/mapped/l"));
        }
        r.stat("white/f");
    },
    layers: Some(|l| l.absent("lower/closed")),
    not_on: &[("chroot", "no user namespace can be made in a chroot")],
    ..Scenario::DEFAULT
};
