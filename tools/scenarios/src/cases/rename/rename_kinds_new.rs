// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a new object of any kind replaces a lower one where the kinds permit; a directory \
        comes to be opaque",
    setup: |b| {
        for (_, to, dir) in What::pairs(&What::ALL, &What::ALL) {
            b.object(to, &format!("{dir}/new"));
        }
    },
    steps: |r| {
        for (from, _, dir) in What::pairs(&What::ALL, &What::ALL) {
            r.make(from, &format!("{dir}/old"));
            r.rename(&format!("{dir}/old"), &format!("{dir}/new"));
            r.see(&format!("{dir}/new"));
            r.ls(&dir);
        }
    },
    layers: Some(|l| {
        for (from, to, dir) in What::pairs(&What::ALL, &What::ALL) {
            let (old, new) = (format!("{dir}/old"), format!("{dir}/new"));
            if from.is_dir() && to == What::Empty {
                l.opaque(&new)?;
            } else if from.is_dir() || to.is_dir() {
                l.in_upper(&old)?;
                l.absent(&new)?;
                continue;
            }
            l.absent(&old)?;
            l.in_upper(&new)?;
        }
        Ok(())
    }),
    ..Scenario::DEFAULT
};
