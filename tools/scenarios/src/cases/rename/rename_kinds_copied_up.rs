// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a copied-up object of any kind replaces a copied-up one: the lower objects of both \
        names stay hidden",
    setup: |b| {
        for (from, to, dir) in What::pairs(&What::LEAVES, &What::ALL) {
            b.object(from, &format!("{dir}/old"));
            b.object(to, &format!("{dir}/new"));
        }
    },
    steps: |r| {
        for (_, _, dir) in What::pairs(&What::LEAVES, &What::ALL) {
            let (old, new) = (format!("{dir}/old"), format!("{dir}/new"));
            r.chown(&old, 7, 8);
            r.chown(&new, 9, 10);
            r.rename(&old, &new);
            r.see(&new);
            // Nothing at all must be left beneath the two.
            r.lstat(&old);
            r.unlink(&new);
            r.lstat(&new);
        }
    },
    layers: Some(|l| {
        for (_, to, dir) in What::pairs(&What::LEAVES, &What::ALL) {
            if !to.is_dir() {
                l.whiteout(&format!("{dir}/old"))?;
                l.whiteout(&format!("{dir}/new"))?;
            }
        }
        Ok(())
    }),
    ..Scenario::DEFAULT
};
