// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "an object hides one of another kind in the layer beneath, and a directory does not \
        merge through it with one further down",
    setup: |b| {
        for (below, above, dir) in What::pairs(&What::ALL, &What::ALL) {
            let name = format!("{dir}/name");
            // A directory at the very bottom shows only if nothing but directories is above.
            b.lower(2).file(&format!("{name}/bottom"), "x");
            b.lower(1).object(below, &name);
            b.lower(0).object(above, &name);
            b.upper().dir(&format!("{dir}/top"));
            b.lower(0).object(below, &format!("{dir}/top"));
        }
    },
    steps: |r| {
        for (_, _, dir) in What::pairs(&What::ALL, &What::ALL) {
            r.see(&format!("{dir}/name"));
            r.see(&format!("{dir}/top"));
            r.lstat(&format!("{dir}/name/bottom"));
            r.ls(&dir);
        }
    },
    layers: Some(|l| l.absent("file-file/name")),
    ..Scenario::DEFAULT
};
