// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a tree filled with lower and new files of other trees is removed as a whole, and its \
        sources stay as they are",
    setup: |b| {
        b.lower(1).file("src/one", "1");
        b.lower(0).file("src/two", "2");
        b.file("src/sub/three", "3");
        b.file("dst/four", "4");
        b.upper().file("src/five", "5");
    },
    steps: |r| {
        r.mkdir("dst/dir");
        r.make(What::Full, "made");
        for (old, new) in [
            ("src/one", "dst/dir/one"),
            ("src/two", "dst/four"),
            ("src/sub/three", "dst/dir/in"),
            ("made", "dst/made"),
            ("src/five", "dst/made/five"),
        ] {
            r.rename(old, new);
        }
        r.link("dst/dir/one", "src/one-again");
        r.remove_tree("dst", Vec::pop);
        r.lstat("dst");
        r.see("src");
        r.see("src/one-again");
        r.rmdir("src/sub");
        r.mkdir("dst");
        r.see("dst");
    },
    layers: Some(|l| {
        l.opaque("dst")?;
        for name in ["src/one", "src/two", "src/sub"] {
            l.whiteout(name)?;
        }
        l.absent("src/five")
    }),
    ..Scenario::DEFAULT
};
