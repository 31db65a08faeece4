// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "every set of open flags on a link to a directory",
    setup: |b| {
        b.lower(1).dir("d");
        b.file("d/f", "text");
        b.lower(0).symlink("below", "d");
        b.dir("d");
        b.upper().symlink("above", "d");
    },
    steps: |r| {
        for link in ["below", "above", "below/", "above/."] {
            for flags in open_flags() {
                if flags & O_TMPFILE != O_TMPFILE {
                    r.opens(link, flags);
                }
            }
        }
        r.opens("below", O_RDWR | O_TMPFILE | O_NOFOLLOW);
        r.opens("below", O_RDWR | O_TMPFILE);
    },
    layers: Some(|l| l.absent("below")),
    ..Scenario::DEFAULT
};
