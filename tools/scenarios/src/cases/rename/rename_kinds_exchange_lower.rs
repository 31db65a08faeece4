// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "EXCHANGE of a lower object with a lower one or a new one of any kind leaves both names \
        taken",
    setup: |b| {
        for (one, two, dir) in What::pairs(&What::LEAVES, &What::ALL) {
            b.object(one, &format!("{dir}/lower"));
            b.object(one, &format!("{dir}/other"));
            if !two.is_dir() {
                b.object(two, &format!("{dir}/beneath"));
            }
        }
    },
    steps: |r| {
        for (_, two, dir) in What::pairs(&What::LEAVES, &What::ALL) {
            let (lower, new) = (format!("{dir}/lower"), format!("{dir}/new"));
            r.make(two, &new);
            r.rename2(&lower, &new, RENAME_EXCHANGE);
            r.see(&lower);
            r.see(&new);
            // Names of leaves of lower layers, on both sides.
            r.rename2(
                &format!("{dir}/other"),
                &format!("{dir}/beneath"),
                RENAME_EXCHANGE,
            );
            r.see(&format!("{dir}/other"));
            r.see(&format!("{dir}/beneath"));
        }
    },
    layers: Some(|l| {
        for (_, two, dir) in What::pairs(&What::LEAVES, &What::ALL) {
            l.in_upper(&format!("{dir}/new"))?;
            l.in_upper(&format!("{dir}/lower"))?;
            if two.is_dir() {
                l.opaque(&format!("{dir}/lower"))?;
                // There was nothing to exchange with.
                l.absent(&format!("{dir}/other"))?;
            }
        }
        Ok(())
    }),
    ..Scenario::DEFAULT
};
