// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a new directory moves from the place of one deleted directory to that of the next, and \
        is refilled each time",
    setup: |b| {
        for place in ["a", "b", "c/d"] {
            b.file(&format!("{place}/f"), "old");
            b.file(&format!("{place}/sub/g"), "old");
        }
    },
    steps: |r| {
        for place in ["a", "b", "c/d"] {
            r.remove_tree(place, Vec::pop);
        }
        r.mkdir("new");
        for pair in ["new", "a", "b", "c/d", "a"].windows(2) {
            let [from, to] = pair else { unreachable!() };
            r.rename(from, to);
            r.see(to);
            r.lstat(from);
            r.put(&format!("{to}/f"), O_WRONLY | O_CREAT, to);
            r.mkdir(&format!("{to}/sub"));
            r.see(&format!("{to}/sub"));
            r.put(&format!("{to}/sub/g"), O_WRONLY | O_CREAT, to);
        }
        r.mkdir("b");
        r.mkdir("b/sub");
        r.see("b");
        r.see("b/sub");
        r.see("a/sub/g");
    },
    layers: Some(|l| {
        l.opaque("a")?;
        l.opaque("b")?;
        l.whiteout("c/d")?;
        l.absent("new")
    }),
    ..Scenario::DEFAULT
};
