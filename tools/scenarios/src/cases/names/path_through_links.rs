// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "names made, moved and removed through linked directories change the directory, and copy no link",
    setup: |b| {
        b.lower(1).file("real/sub/f", "text");
        b.file("real/g", "text");
        b.lower(0).symlink("link", "real");
        b.symlink("real/inner", "sub");
        b.upper().symlink("far", "link/inner");
    },
    steps: |r| {
        r.put("far/new", O_WRONLY | O_CREAT, "x");
        r.mkdir("link/inner/made");
        r.rename("far/f", "link/moved");
        r.rename("link/g", "far/g");
        r.link("far/g", "link/h");
        r.symlink("f", "far/l");
        r.unlink("far/new");
        r.rmdir("far/made/../made");
        r.chmod("far/g", 0o600);
        r.stat("link/inner/../moved");
        r.rmdir("far");
        r.rmdir("link");
        r.unlink("link");
        r.stat("far");
        r.ls("real");
        r.ls("real/sub");
    },
    layers: Some(|l| {
        l.whiteout("link")?;
        l.absent("real/inner")?;
        l.whiteout("real/sub/f")
    }),
    ..Scenario::DEFAULT
};
