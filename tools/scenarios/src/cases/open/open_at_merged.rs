// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "calls relative to a merged directory reach the names of all layers",
    setup: |b| {
        b.lower(1).file("d/bottom", "1");
        b.file("d/gone", "1");
        b.lower(0).file("d/middle", "0");
        b.whiteout("d/gone");
        b.upper().file("d/top", "upper");
    },
    steps: |r| {
        let dir = r.open("d", O_RDONLY | O_DIRECTORY);
        for name in ["bottom", "middle", "top", "gone", ".", "..", "./bottom", ""] {
            r.stat_at(dir, name);
        }
        let root = r.open(".", O_PATH);
        r.rename_at(dir, "bottom", root, "bottom");
        r.rename_at(root, "bottom", dir, "gone");
        r.rename_at(dir, "top", dir, "middle");
        let fd = r.open_at(dir, "gone", O_RDONLY);
        r.read(fd, 10);
        r.ls("d");
    },
    layers: Some(|l| l.upper_is(&["d", "d/bottom", "d/gone", "d/middle"])),
    ..Scenario::DEFAULT
};
