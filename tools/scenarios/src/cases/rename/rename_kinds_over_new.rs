// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a lower object of any kind replaces one that was made through the union",
    setup: |b| {
        for (from, _, dir) in What::pairs(&What::LEAVES, &What::ALL) {
            b.object(from, &format!("{dir}/old"));
        }
    },
    steps: |r| {
        for (_, to, dir) in What::pairs(&What::LEAVES, &What::ALL) {
            r.make(to, &format!("{dir}/new"));
            r.rename(&format!("{dir}/old"), &format!("{dir}/new"));
            r.see(&format!("{dir}/new"));
            r.ls(&dir);
        }
    },
    layers: Some(|l| {
        for (_, to, dir) in What::pairs(&What::LEAVES, &What::ALL) {
            l.in_upper(&format!("{dir}/new"))?;
            if to.is_dir() {
                l.absent(&format!("{dir}/old"))?;
            } else {
                l.whiteout(&format!("{dir}/old"))?;
            }
        }
        Ok(())
    }),
    ..Scenario::DEFAULT
};
