// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "every set of open flags on a link that dangles: O_CREAT makes its target, in the target's directory",
    setup: |b| {
        b.dir("below");
        for n in 0..open_flags().len() {
            b.symlink(&format!("l{n}"), &format!("below/made{n}"));
        }
        b.symlink("nowhere", "none/made");
        b.symlink("through-file", "l0/made");
    },
    steps: |r| {
        for (n, flags) in open_flags().into_iter().enumerate() {
            r.opens(&format!("l{n}"), flags);
        }
        for link in ["nowhere", "through-file"] {
            for flags in open_flags() {
                r.opens(link, flags);
            }
        }
        r.ls("below");
    },
    layers: Some(|l| {
        for n in 0..open_flags().len() {
            l.absent(&format!("l{n}"))?;
        }
        Ok(())
    }),
    ..Scenario::DEFAULT
};
