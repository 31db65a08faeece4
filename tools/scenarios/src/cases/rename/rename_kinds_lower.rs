// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a lower object of any kind replaces a lower one where the kinds permit; refused, \
        nothing is copied up",
    setup: |b| {
        for (from, to, dir) in What::pairs(&What::LEAVES, &What::ALL) {
            b.object(from, &format!("{dir}/old"));
            b.object(to, &format!("{dir}/new"));
        }
    },
    steps: |r| {
        for (_, _, dir) in What::pairs(&What::LEAVES, &What::ALL) {
            r.rename(&format!("{dir}/old"), &format!("{dir}/new"));
            r.see(&format!("{dir}/new"));
            r.lstat(&format!("{dir}/old"));
        }
    },
    layers: Some(|l| {
        for (_, to, dir) in What::pairs(&What::LEAVES, &What::ALL) {
            if to.is_dir() {
                l.absent(&dir)?;
            } else {
                l.whiteout(&format!("{dir}/old"))?;
                l.in_upper(&format!("{dir}/new"))?;
            }
        }
        Ok(())
    }),
    ..Scenario::DEFAULT
};
