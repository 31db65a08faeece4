// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "in a removed directory nothing can be made or found; that it was lower makes no difference",
    setup: |b| {
        b.dir("lower");
        b.lower(1).dir("merged");
        b.lower(0).dir("merged");
        b.upper().dir("upper");
        b.anywhere().file("emptied/f", "x");
        b.file("other", "text");
    },
    steps: |r| {
        r.unlink("emptied/f");
        for name in ["lower", "merged", "upper", "emptied"] {
            let dir = r.open(name, O_RDONLY | O_DIRECTORY);
            r.rmdir(name);
            r.open_at(dir, "new", O_WRONLY | O_CREAT);
            r.open_at(dir, "f", O_RDONLY);
            r.open_at(dir, ".", O_RDONLY);
            r.mkdir_at(dir, "new");
            r.symlink_at("x", dir, "new");
            let root = r.open(".", O_PATH);
            r.rename_at(root, "other", dir, "other");
            r.stat_at(dir, "other");
            r.stat_at(dir, "../other");
            r.done("getdents", sys::getdents(dir.raw(), 4096).map(drop));
            r.fstat(dir);
        }
    },
    layers: Some(|l| {
        l.absent("upper")?;
        l.whiteout("emptied")?;
        l.absent("other")
    }),
    ..Scenario::DEFAULT
};
