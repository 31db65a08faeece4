// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a lower object of any kind takes a deleted name and leaves the whiteout at its own",
    setup: |b| {
        for (from, gone, dir) in What::pairs(&What::LEAVES, &What::ALL) {
            b.object(from, &format!("{dir}/from"));
            b.object(gone, &format!("{dir}/name"));
        }
    },
    steps: |r| {
        for (_, gone, dir) in What::pairs(&What::LEAVES, &What::ALL) {
            let name = format!("{dir}/name");
            r.remove(gone, &name);
            r.rename(&format!("{dir}/from"), &name);
            r.see(&name);
            r.ls(&dir);
        }
    },
    layers: Some(|l| {
        for (_, _, dir) in What::pairs(&What::LEAVES, &What::ALL) {
            l.whiteout(&format!("{dir}/from"))?;
            l.in_upper(&format!("{dir}/name"))?;
        }
        Ok(())
    }),
    ..Scenario::DEFAULT
};
