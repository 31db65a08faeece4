// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "create, replace, both and unknown flags on objects of every layer and type",
    setup: |b| {
        every_kind(b, "low");
        b.upper();
        every_kind(b, "top");
    },
    steps: |r| {
        for path in KINDS
            .iter()
            .flat_map(|k| [format!("low/{k}"), format!("top/{k}")])
        {
            for (flags, value) in [
                (XATTR_REPLACE, "1"),
                (XATTR_CREATE | XATTR_REPLACE, "2"),
                (4, "3"),
                (-1, "4"),
                (XATTR_CREATE, "5"),
                (XATTR_CREATE, "6"),
                (XATTR_CREATE | XATTR_REPLACE, "7"),
                (XATTR_REPLACE, "8"),
                (0, "9"),
            ] {
                r.setxattr_flags(&path, "trusted.t", value, flags);
                r.getxattr(&path, "trusted.t");
            }
        }
    },
    ..Scenario::DEFAULT
};
