// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a file that its user cannot read is moved and changed like any other",
    setup: |b| {
        b.dir("his").owner(1002, 1002);
        b.dir("roots").mode(0o777);
        for dir in ["his", "roots"] {
            b.file(&format!("{dir}/none"), "text")
                .mode(0)
                .owner(1002, 1002);
            b.file(&format!("{dir}/foreign"), "secret").mode(0o600);
            b.file(&format!("{dir}/victim"), "secret").mode(0o600);
            b.symlink(&format!("{dir}/link"), "foreign");
            b.fifo(&format!("{dir}/fifo")).mode(0);
        }
    },
    steps: |r| {
        r.as_who(OTHER, |r| {
            for dir in ["his", "roots"] {
                let path = |name: &str| format!("{dir}/{name}");
                r.cat(&path("none"));
                r.utimens(&path("none"), (5, 5));
                r.chmod(&path("none"), 0o200);
                r.cat(&path("none"));
                r.link(&path("none"), &path("none_too"));
                r.rename(&path("foreign"), &path("moved"));
                r.rename(&path("link"), &path("link_moved"));
                r.rename(&path("fifo"), &path("fifo_moved"));
                r.rename2(&path("moved"), &path("victim"), RENAME_EXCHANGE);
                r.rename(&path("none"), &path("victim"));
                r.cat(&path("moved"));
                r.lstat(&path("moved"));
            }
            r.rename("his/moved", "roots/victim");
        });
        r.cat("roots/victim");
    },
    layers: Some(|l| {
        l.whiteout("his/foreign")?;
        l.in_upper("roots/victim")
    }),
    ..Scenario::DEFAULT
};
