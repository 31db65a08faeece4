// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "names of attributes may have 255 bytes, of any sort",
    setup: |b| {
        b.file("low", "text");
        b.dir("dir");
        b.upper().file("top", "text");
    },
    steps: |r| {
        for path in ["low", "dir", "top"] {
            for prefix in ["user.", "trusted."] {
                for length in [254, 255, 256, 300] {
                    let name = format!("{prefix}{}", "n".repeat(length - prefix.len()));
                    r.setxattr(path, &name, "v");
                    r.getxattr(path, &name);
                    r.removexattr(path, &name);
                    r.setxattr(path, &name, "again");
                }
            }
            for name in [
                "user.a b",
                "user.\u{e4}\n",
                "user.=,:",
                "user..",
                "user.trusted.x",
            ] {
                r.setxattr(path, name, "v");
                r.getxattr(path, name);
            }
            r.listxattr(path);
        }
    },
    layers: Some(|l| l.in_upper("dir")),
    ..Scenario::DEFAULT
};
