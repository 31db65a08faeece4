// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a tree over several layers is deleted as rm -r does it, and made again",
    setup: |b| {
        for dir in ["t", "t/a", "t/a/b", "t/c"] {
            b.dir(dir);
            for file in ["1", "2", "3"] {
                b.file(&format!("{dir}/{file}"), file);
            }
        }
    },
    steps: |r| {
        for dir in ["t/a/b", "t/a", "t/c", "t"] {
            for name in r.names(dir) {
                r.unlink(&format!("{dir}/{name}"));
            }
            r.rmdir(dir);
        }
        r.ls(".");
        r.mkdir("t");
        r.mkdir("t/a");
        r.ls("t");
        r.ls("t/a");
    },
    layers: Some(|l| {
        l.opaque("t")?;
        l.upper_is(&["t", "t/a"])
    }),
    ..Scenario::DEFAULT
};
