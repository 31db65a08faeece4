// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "who may not delete leaves no whiteout, no copy and no emptied directory behind",
    setup: |b| {
        b.file("closed/f", "x").owner(1000, 1000);
        b.dir("closed/empty").owner(1000, 1000);
        b.dir("sticky").mode(0o1777);
        b.dir("sticky/his").owner(1001, 1001);
        b.dir("sticky/mine").owner(1000, 1000);
        b.file("sticky/mine/f", "x");
        b.symlink("sticky/link", "x").owner(1001, 1001);
    },
    steps: |r| {
        r.as_user(1000, 1000, |r| {
            r.unlink("closed/f");
            r.rmdir("closed/empty");
            r.rmdir("closed");
            r.rmdir("sticky/his");
            r.unlink("sticky/link");
            r.rmdir("sticky/mine");
            r.unlink("sticky/mine/f");
            r.rmdir("sticky/mine");
            r.mkdir("sticky/mine");
        });
        r.see("sticky/mine");
        r.ls("sticky");
    },
    layers: Some(|l| {
        l.absent("closed")?;
        l.absent("sticky/his")?;
        l.opaque("sticky/mine")
    }),
    ..Scenario::DEFAULT
};
