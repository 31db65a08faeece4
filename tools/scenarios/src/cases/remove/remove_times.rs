// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "deleting a name changes the times of its directory, whether a whiteout is left or not; \
        a refused call does not",
    setup: |b| {
        for dir in ["lower", "still"] {
            b.anywhere().file(&format!("{dir}/f"), "x");
            b.dir(&format!("{dir}/empty"));
            b.file(&format!("{dir}/full/f"), "x");
        }
        b.upper().file("top/f", "x");
        b.dir("top/empty");
    },
    steps: |r| {
        for (dir, name) in [
            ("lower", "f"),
            ("lower", "empty"),
            ("top", "f"),
            ("top", "empty"),
        ] {
            r.utimens(dir, OLD);
            let path = format!("{dir}/{name}");
            if name == "f" {
                r.unlink(&path);
            } else {
                r.rmdir(&path);
            }
            r.stat(dir);
        }
        for path in ["still/full", "still/f", "still/none", "still/f/x"] {
            r.rmdir(path);
        }
        r.unlink("still/empty");
        r.unlink("still/none");
        r.stat("still");
        r.stat("still/full");
    },
    layers: Some(|l| l.absent("still")),
    ..Scenario::DEFAULT
};
