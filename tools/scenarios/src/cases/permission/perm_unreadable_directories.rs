// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "an empty directory that nobody may read goes by the rights to its parent",
    setup: |b| {
        b.dir("his").mode(0o777).owner(1002, 1002);
        for name in ["lower", "merged", "white", "full", "target"] {
            b.lower(0).dir(&format!("his/{name}")).mode(0);
            if name == "white" || name == "full" {
                b.file(&format!("his/{name}/f"), "text");
            }
            if name == "merged" || name == "white" {
                b.upper().dir("his").mode(0o777).owner(1002, 1002);
                b.dir(&format!("his/{name}")).mode(0);
            }
        }
        b.upper().whiteout("his/white/f");
        b.dir("his/new").owner(1002, 1002).mode(0o700);
    },
    steps: |r| {
        r.as_who(OTHER, |r| {
            for name in ["lower", "merged", "white", "full"] {
                let path = format!("his/{name}");
                r.ls(&path);
                r.stat(&format!("{path}/f"));
                r.rmdir(&path);
            }
            r.rename("his/new", "his/full");
            r.rename("his/new", "his/target");
            r.ls("his");
            r.mkdir("his/white");
            r.ls("his/white");
        });
    },
    layers: Some(|l| {
        l.whiteout("his/lower")?;
        l.opaque("his/white")?;
        l.opaque("his/target")?;
        l.absent("his/full")
    }),
    ..Scenario::DEFAULT
};
