// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a descriptor of a removed directory does not come to stand for one made in its place",
    setup: |b| {
        b.dir("d");
        b.dir("e");
        b.upper().dir("u");
    },
    steps: |r| {
        for (name, again) in [("d", "d"), ("e", "u"), ("u", "u")] {
            let old = r.open(name, O_PATH | O_DIRECTORY);
            let before = r.fd_identity(old);
            r.rmdir(name);
            r.mkdir(again);
            let fd = r.open_at(old, "f", O_WRONLY | O_CREAT);
            r.expect("nothing was made", fd.raw() < 0);
            let after = r.identity(again);
            r.expect("another directory", before != after);
            r.put(&format!("{again}/f"), O_WRONLY | O_CREAT, "new");
            r.stat_at(old, "f");
            r.unlink(&format!("{again}/f"));
        }
        r.ls("d");
    },
    layers: Some(|l| {
        l.opaque("d")?;
        l.whiteout("e")
    }),
    ..Scenario::DEFAULT
};
