// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a lower directory bound to another place is one directory in both; the mount point is busy, and the mounts are apart",
    setup: |b| {
        b.file("d/f", "text");
        b.file("d/g", "text");
        b.file("mnt/covered", "text");
        b.upper().dir("u");
    },
    steps: |r| {
        r.hold();
        r.with_own_mounts(|r| {
            r.mount_bind("d", "mnt");
            let (there, here) = (r.identity("d"), r.identity("mnt"));
            r.expect("the same directory", there == here);
            r.put("mnt/f", O_WRONLY, "T");
            r.cat("d/f");
            r.unlink("mnt/g");
            r.mkdir("d/new");
            r.rename("mnt/new", "mnt/newer");
            r.ls("mnt");
            r.rename("mnt/f", "d/f2");
            r.link("mnt/f", "d/f2");
            r.rename("d/f", "u/f");
            r.ls("mnt");
            r.rmdir("mnt");
            r.unlink("mnt");
            r.rename("mnt", "u/mnt");
            r.rename("u", "mnt");
            r.rename2("u", "mnt", RENAME_EXCHANGE);
            r.rmdir("d");
            r.umount("mnt");
            r.ls("mnt");
        });
        r.ls("d");
    },
    layers: Some(|l| {
        l.absent("mnt")?;
        l.whiteout("d/g")
    }),
    not_on: shape::MAKES_LOWER,
    ..Scenario::DEFAULT
};
