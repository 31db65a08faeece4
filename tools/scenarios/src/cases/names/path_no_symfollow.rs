// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "on a mount that follows no links, links of all layers are seen and not followed",
    setup: |b| {
        b.file("d/f", "text");
        b.symlink("d/l", "f");
        b.symlink("d/sub", "../d");
        b.upper().symlink("d/u", "f");
        b.anywhere().dir("mnt");
    },
    steps: |r| {
        r.hold();
        r.with_own_mounts(|r| {
            r.mount_bind("d", "mnt");
            r.mount_flags("mnt", libc::MS_NOSYMFOLLOW);
            for link in ["mnt/l", "mnt/u", "mnt/sub/f", "d/l"] {
                r.cat(link);
                r.lstat(link);
                r.readlink(link);
                r.truncate(link, 2);
            }
            r.unlink("mnt/l");
            r.umount("mnt");
        });
        r.cat("d/u");
    },
    layers: Some(|l| {
        l.whiteout("d/l")?;
        l.absent("mnt")
    }),
    ..Scenario::DEFAULT
};
