// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "mappings of a file that is moved or replaced keep showing it, whichever layer it is in",
    setup: |b| {
        b.file("moved", "moved text");
        b.file("replaced", "old text");
        b.file("copied", "copied text");
        b.file("successor", "new text");
    },
    steps: |r| {
        let maps = ["moved", "replaced", "copied"].map(|name| {
            let fd = r.open(name, O_RDWR);
            if name == "copied" {
                r.pwrite(fd, "C", 0);
            }
            let map = r.mmap(fd, 8, PROT_READ, MAP_SHARED);
            (name, fd, map)
        });
        r.rename("moved", "d");
        r.rename("successor", "replaced");
        r.rename("replaced", "copied");
        for (name, fd, map) in &maps {
            r.mapped(name, map);
            r.pread(*fd, 8, 0);
            r.fstat(*fd);
        }
        r.see("d");
        r.see("copied");
    },
    layers: Some(|l| {
        l.whiteout("moved")?;
        l.in_upper("d")
    }),
    ..Scenario::DEFAULT
};
