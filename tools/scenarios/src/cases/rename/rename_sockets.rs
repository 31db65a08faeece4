// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "sockets replace, are replaced and are exchanged like any leaf, lower or not",
    setup: |b| {
        for (_, what, dir) in What::pairs(&[What::Socket], &What::ALL) {
            b.object(What::Socket, &format!("{dir}/socket"));
            b.object(What::Socket, &format!("{dir}/other"));
            b.object(what, &format!("{dir}/name"));
        }
    },
    steps: |r| {
        for (_, what, dir) in What::pairs(&[What::Socket], &What::ALL) {
            let name = format!("{dir}/name");
            if !what.is_dir() {
                r.rename2(&format!("{dir}/other"), &name, RENAME_EXCHANGE);
                r.rename2(&format!("{dir}/other"), &name, RENAME_EXCHANGE);
                r.rename(&name, &format!("{dir}/socket"));
                r.see(&format!("{dir}/socket"));
            }
            r.rename(&format!("{dir}/other"), &name);
            r.see(&name);
            r.ls(&dir);
        }
    },
    layers: Some(|l| {
        l.absent("socket-full")?;
        l.whiteout("socket-file/other")?;
        l.in_upper("socket-file/name")
    }),
    ..Scenario::DEFAULT
};
