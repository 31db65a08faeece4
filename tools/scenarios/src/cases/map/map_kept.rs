// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a mapping outlives descriptor and name: stores follow a renamed file and vanish with an unlinked one",
    setup: |b| {
        for name in ["d/renamed", "d/unlinked", "d/replaced", "d/private"] {
            b.file(name, vec![b'.'; PAGE]);
        }
        b.file("d/over", "over");
        b.upper().file("d/upper", vec![b'.'; PAGE]);
    },
    steps: |r| {
        let map = |r: &mut Run, name: &str, flags: i32| {
            let fd = r.open(name, O_RDWR);
            let map = r.map(fd, PAGE, PROT_RW, flags);
            r.close(fd);
            map
        };
        for name in ["d/renamed", "d/upper"] {
            let region = map(r, name, MAP_SHARED);
            r.rename(name, &format!("{name}2"));
            r.store(region, 0, "moved");
            r.done("msync", region.sync(MS_SYNC));
            r.cat(&format!("{name}2"));
        }
        let region = map(r, "d/unlinked", MAP_SHARED);
        r.unlink("d/unlinked");
        r.store(region, 0, "lost");
        r.look(region, 0, 6);
        r.done("msync", region.sync(MS_SYNC));
        r.put("d/unlinked", O_WRONLY | O_CREAT, "another");
        r.look(region, 0, 8);
        let region = map(r, "d/replaced", MAP_SHARED);
        r.rename("d/over", "d/replaced");
        r.store(region, 0, "lost");
        r.cat("d/replaced");
        let region = map(r, "d/private", MAP_PRIVATE);
        r.store(region, 0, "own");
        r.unlink("d/private");
        r.look(region, 0, 6);
    },
    layers: Some(|l| {
        l.whiteout("d/private")?;
        l.whiteout("d/over")?;
        l.whiteout("d/renamed")?;
        l.absent("d/upper")
    }),
    ..Scenario::DEFAULT
};
