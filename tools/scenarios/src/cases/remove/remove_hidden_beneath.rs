// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "what an object hid in the layers beneath it does not come back when that is deleted, \
        whatever kinds the two are of",
    setup: |b| {
        for (below, above, dir) in What::pairs(&What::ALL, &What::ALL) {
            b.lower(1).object(below, &format!("{dir}/lower"));
            b.object(below, &format!("{dir}/top"));
            b.lower(0).object(above, &format!("{dir}/lower"));
            b.upper().object(above, &format!("{dir}/top"));
        }
    },
    steps: |r| {
        for (_, above, dir) in What::pairs(&What::ALL, &What::ALL) {
            for name in ["lower", "top"] {
                let name = format!("{dir}/{name}");
                r.see(&name);
                r.remove(above, &name);
                r.lstat(&name);
                // Of two directories more may be left than one of them shows.
                r.remove_tree(&name, Vec::pop);
                let _ = sys::unlink(&name);
            }
            r.ls(&dir);
        }
    },
    layers: Some(|l| {
        for (_, _, dir) in What::pairs(&What::ALL, &What::ALL) {
            l.whiteout(&format!("{dir}/lower"))?;
            l.whiteout(&format!("{dir}/top"))?;
        }
        Ok(())
    }),
    ..Scenario::DEFAULT
};
