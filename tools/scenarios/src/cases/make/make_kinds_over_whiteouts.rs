// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "an object of any kind is made where one of any kind was deleted, before the mount or \
        after, and shows nothing of it",
    setup: |b| {
        for (gone, _, dir) in What::pairs(&What::ALL, &What::ALL) {
            b.lower(0).object(gone, &format!("{dir}/after"));
            b.object(gone, &format!("{dir}/before"));
            b.upper().whiteout(&format!("{dir}/before"));
        }
    },
    steps: |r| {
        for (gone, made, dir) in What::pairs(&What::ALL, &What::ALL) {
            r.remove(gone, &format!("{dir}/after"));
            for name in ["after", "before"] {
                let name = format!("{dir}/{name}");
                r.lstat(&name);
                r.make(made, &name);
                r.see(&name);
            }
            r.ls(&dir);
        }
    },
    layers: Some(|l| {
        for (_, made, dir) in What::pairs(&What::ALL, &What::ALL) {
            for name in ["after", "before"] {
                l.in_upper(&format!("{dir}/{name}"))?;
                if made.is_dir() {
                    l.opaque(&format!("{dir}/{name}"))?;
                }
            }
        }
        Ok(())
    }),
    ..Scenario::DEFAULT
};
