// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "EXCHANGE of new objects of all kinds, where nothing lies beneath: no marks are needed",
    setup: |b| {
        b.dir("d");
    },
    steps: |r| {
        for (one, two, dir) in What::pairs(&What::ALL, &What::ALL) {
            let (a, b) = (format!("d/{dir}-a"), format!("d/{dir}-b"));
            r.make(one, &a);
            r.make(two, &b);
            r.rename2(&a, &b, RENAME_EXCHANGE);
            r.see(&a);
            r.see(&b);
        }
        r.ls("d");
    },
    layers: Some(|l| {
        for (_, _, dir) in What::pairs(&What::ALL, &What::ALL) {
            l.not_opaque(&format!("d/{dir}-a"))?;
            l.not_opaque(&format!("d/{dir}-b"))?;
        }
        Ok(())
    }),
    ..Scenario::DEFAULT
};
