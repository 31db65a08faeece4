// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "every set of open flags by a user who may only read, only write, or neither; what is refused copies nothing",
    setup: |b| {
        b.dir("d").mode(0o777);
        for (name, mode) in [("read", 0o644), ("write", 0o602), ("none", 0o600)] {
            for n in 0..open_flags().len() {
                b.file(&format!("d/{name}{n}"), "text").mode(mode);
            }
        }
    },
    steps: |r| {
        r.as_user(1000, 1000, |r| {
            for name in ["read", "write", "none"] {
                for (n, flags) in open_flags().into_iter().enumerate() {
                    r.opens(&format!("d/{name}{n}"), flags);
                }
            }
        });
    },
    layers: Some(|l| {
        for n in 0..open_flags().len() {
            // To empty a file one must be allowed to write it, and has to say so only for the data.
            l.absent(&format!("d/read{n}"))?;
            l.absent(&format!("d/none{n}"))?;
        }
        Ok(())
    }),
    ..Scenario::DEFAULT
};
