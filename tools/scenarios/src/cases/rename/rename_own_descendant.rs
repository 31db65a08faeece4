// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a directory moves neither below itself nor over one it is in, of whatever layer it is",
    setup: |b| {
        b.lower(0).file("lower/a/b/f", "x");
        b.dir("merged/a/b");
        b.upper().dir("merged/a/c");
        b.file("upper/a/b/f", "x");
    },
    steps: |r| {
        r.mkdir("new");
        r.mkdir("new/a");
        r.mkdir("new/a/b");
        for top in ["lower", "merged", "upper", "new"] {
            let (a, b) = (format!("{top}/a"), format!("{top}/a/b"));
            r.rename(&a, &format!("{b}/x"));
            r.rename(&a, &b);
            r.rename(&b, &a);
            r.rename(&b, top);
            for path in [top, &a, &b] {
                r.rename2(path, &b, RENAME_EXCHANGE);
                r.rename2(&b, path, RENAME_EXCHANGE);
            }
            r.rename2(&a, &b, RENAME_NOREPLACE);
            r.rename2(&b, &a, RENAME_NOREPLACE);
            r.rename2(top, &format!("{a}/x"), RENAME_WHITEOUT);
            r.rename(&format!("{b}/../../a"), &format!("{b}/x"));
        }
    },
    layers: Some(|l| {
        l.absent("lower")?;
        l.absent("merged/a/b")
    }),
    ..Scenario::DEFAULT
};
