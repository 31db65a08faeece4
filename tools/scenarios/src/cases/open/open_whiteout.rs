// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "every set of open flags on names that are hidden by whiteouts; those that make a file make a new one",
    setup: |b| {
        b.lower(1);
        for n in 0..open_flags().len() {
            b.file(&format!("by-layer/f{n}"), "hidden")
                .mode(0o4755)
                .owner(7, 8)
                .xattr("user.a", b"1");
        }
        b.lower(0);
        for n in 0..open_flags().len() {
            b.whiteout(&format!("by-layer/f{n}"));
            b.file(&format!("by-union/f{n}"), "deleted")
                .mode(0o4755)
                .owner(7, 8)
                .xattr("user.a", b"1");
        }
    },
    steps: |r| {
        for n in 0..open_flags().len() {
            r.unlink(&format!("by-union/f{n}"));
        }
        for dir in ["by-layer", "by-union"] {
            for (n, flags) in open_flags().into_iter().enumerate() {
                r.opens(&format!("{dir}/f{n}"), flags);
            }
        }
    },
    layers: Some(|l| {
        for (n, flags) in open_flags().into_iter().enumerate() {
            if flags & (O_CREAT | O_DIRECTORY | O_PATH) == O_CREAT {
                l.in_upper(&format!("by-union/f{n}"))?;
                l.in_upper(&format!("by-layer/f{n}"))?;
            } else {
                l.whiteout(&format!("by-union/f{n}"))?;
                l.absent(&format!("by-layer/f{n}"))?;
            }
        }
        Ok(())
    }),
    ..Scenario::DEFAULT
};
