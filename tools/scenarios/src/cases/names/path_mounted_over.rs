// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a mount over a lower directory hides it and takes its writes, until somebody who does not see it removes the directory",
    setup: |b| {
        b.file("d/f", "text");
        b.dir("e");
    },
    steps: |r| {
        r.hold();
        r.with_own_mounts(|r| {
            r.mount_tmpfs("d");
            r.ls("d");
            r.put("d/on-tmpfs", O_WRONLY | O_CREAT, "x");
            r.rename("d/on-tmpfs", "out");
            r.link("d/on-tmpfs", "out");
            r.rmdir("d");
            r.umount("d");
            r.ls("d");
            r.mount_tmpfs("e");
            r.put("e/on-tmpfs", O_WRONLY | O_CREAT, "x");
            r.rmdir("e");
            r.with_own_mounts(|r| {
                r.umount("e");
                r.rmdir("e");
                r.stat("e");
            });
            r.stat("e");
            r.mkdir("e");
            r.ls("e");
        });
        r.ls(".");
    },
    layers: Some(|l| {
        l.absent("d")?;
        l.opaque("e")
    }),
    not_on: shape::MAKES_LOWER,
    ..Scenario::DEFAULT
};
