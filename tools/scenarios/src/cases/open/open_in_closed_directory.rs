// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "O_CREAT of an old file needs no right to the directory, of a new one it does, also over a whiteout",
    setup: |b| {
        b.dir("d");
        b.file("d/old", "text").owner(1000, 1000);
        b.file("d/deleted", "text").owner(1000, 1000);
        b.lower(1).file("d/hidden", "text").owner(1000, 1000);
        b.lower(0).whiteout("d/hidden");
    },
    steps: |r| {
        r.unlink("d/deleted");
        r.as_user(1000, 1000, |r| {
            r.put("d/old", O_WRONLY | O_CREAT, "T");
            for name in ["d/new", "d/deleted", "d/hidden"] {
                r.opens(name, O_WRONLY | O_CREAT);
                r.opens(name, O_RDONLY | O_CREAT | O_EXCL);
                r.opens(name, O_RDONLY);
            }
            r.opens("d/old", O_RDONLY | O_CREAT | O_EXCL);
            r.opens("d", O_RDWR | O_TMPFILE);
        });
    },
    layers: Some(|l| {
        l.in_upper("d/old")?;
        l.absent("d/hidden")?;
        l.whiteout("d/deleted")
    }),
    ..Scenario::DEFAULT
};
