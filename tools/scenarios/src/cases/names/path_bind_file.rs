// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a lower file bound over another shows there, also after copy-up; the name below can be neither moved nor deleted",
    setup: |b| {
        b.file("f", "from below");
        b.file("g", "covered");
    },
    steps: |r| {
        r.hold();
        r.with_own_mounts(|r| {
            r.mount_bind("f", "g");
            r.cat("g");
            r.put("f", O_WRONLY, "FROM");
            r.cat("g");
            r.put("g", O_WRONLY | O_TRUNC, "through the mount");
            r.cat("f");
            r.chmod("g", 0o600);
            r.stat("f");
            r.unlink("g");
            r.rename("g", "h");
            r.rename("f", "g");
            r.link("g", "h");
            r.rename("f", "moved");
            r.unlink("moved");
            r.cat("g");
            r.put("g", O_WRONLY | O_APPEND, ", still");
            r.cat("g");
            r.umount("g");
            r.cat("g");
        });
        r.ls(".");
    },
    layers: Some(|l| {
        l.whiteout("f")?;
        l.absent("g")
    }),
    ..Scenario::DEFAULT
};
