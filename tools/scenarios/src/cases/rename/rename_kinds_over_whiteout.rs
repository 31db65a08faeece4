// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a new object of any kind takes the name of a deleted one of any kind, and nothing of \
        that shines through",
    setup: |b| {
        for (_, gone, dir) in What::pairs(&What::ALL, &What::ALL) {
            b.object(gone, &format!("{dir}/name"));
        }
    },
    steps: |r| {
        for (from, gone, dir) in What::pairs(&What::ALL, &What::ALL) {
            let name = format!("{dir}/name");
            r.remove(gone, &name);
            r.make(from, &format!("{dir}/from"));
            r.rename(&format!("{dir}/from"), &name);
            r.see(&name);
            r.ls(&dir);
        }
    },
    layers: Some(|l| {
        for (from, _, dir) in What::pairs(&What::ALL, &What::ALL) {
            l.absent(&format!("{dir}/from"))?;
            l.in_upper(&format!("{dir}/name"))?;
            if from.is_dir() {
                l.opaque(&format!("{dir}/name"))?;
            }
        }
        Ok(())
    }),
    ..Scenario::DEFAULT
};
