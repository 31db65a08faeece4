// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a merged directory that holds whiteouts only, of several layers, is replaced and stays \
        empty of the old",
    setup: |b| {
        b.lower(2).file("d/one", "1");
        b.file("d/two", "2");
        b.file("d/sub/three", "3");
        b.lower(1).whiteout("d/one");
        b.dir("d/sub");
        b.lower(0).whiteout("d/sub");
        b.upper().whiteout("d/two");
        // A whiteout that hides nothing.
        b.whiteout("d/never");
    },
    steps: |r| {
        r.ls("d");
        let held = r.open("d", O_RDONLY | O_DIRECTORY);
        r.make(What::Full, "new");
        r.put("new/two", O_WRONLY | O_CREAT, "mine");
        r.rename("new", "d");
        r.see("d");
        for name in ["one", "sub", "never"] {
            r.lstat(&format!("d/{name}"));
        }
        r.rest(held);
        r.mkdir("d/sub");
        r.see("d/sub");
        r.rename("d", "moved");
        r.lstat("d");
        r.mkdir("d");
        r.see("d");
        r.see("moved");
    },
    layers: Some(|l| {
        l.opaque("d")?;
        l.absent("d/two")?;
        l.in_upper("moved/two")
    }),
    ..Scenario::DEFAULT
};
