// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "EXCHANGE of new directories where deleted ones were: no name of the lower ones comes \
        back on either side",
    setup: |b| {
        for place in ["a", "d/b"] {
            for name in ["f", "sub/g"] {
                b.file(&format!("{place}/{name}"), place);
            }
        }
    },
    steps: |r| {
        r.remove_tree("a", Vec::pop);
        r.remove_tree("d/b", Vec::pop);
        r.mkdir("a");
        r.put("a/of-a", O_WRONLY | O_CREAT, "a");
        r.make(What::Full, "fresh");
        r.rename2("a", "d/b", RENAME_EXCHANGE);
        r.rename2("a", "fresh", RENAME_EXCHANGE);
        r.rename2("fresh", "d/b", RENAME_EXCHANGE);
        r.mkdir("d/b");
        r.rename2("fresh", "d/b", RENAME_EXCHANGE);
        r.rename2("a", "d/b", RENAME_EXCHANGE);
        for place in ["a", "d/b", "fresh"] {
            r.see(place);
            r.lstat(&format!("{place}/f"));
            r.mkdir(&format!("{place}/sub"));
            r.see(&format!("{place}/sub"));
        }
    },
    layers: Some(|l| {
        l.opaque("a")?;
        l.opaque("d/b")
    }),
    ..Scenario::DEFAULT
};
