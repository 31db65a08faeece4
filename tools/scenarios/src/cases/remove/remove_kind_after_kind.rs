// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "one name is an object of every kind after one of every other, over a lower file, a \
        lower tree and nothing",
    setup: |b| {
        b.file("file", "below");
        b.file("tree/in", "below");
        b.file("tree/sub/in", "below");
        b.dir("d");
    },
    steps: |r| {
        r.unlink("file");
        r.remove_tree("tree", Vec::pop);
        let mut kinds = What::ALL.to_vec();
        kinds.push(What::Socket);
        for name in ["file", "tree", "d/free"] {
            for (one, two, _) in What::pairs(&kinds, &kinds) {
                r.make(one, name);
                r.make(two, name);
                r.see(name);
                r.remove(one, name);
                r.lstat(name);
            }
            r.make(What::Full, name);
            r.lstat(&format!("{name}/sub"));
        }
    },
    layers: Some(|l| {
        l.opaque("file")?;
        l.opaque("tree")?;
        l.not_opaque("d/free")
    }),
    ..Scenario::DEFAULT
};
