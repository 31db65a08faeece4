// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "every namespace on objects of every type answers as the upper layer's file system does",
    setup: |b| {
        every_kind(b, "low");
        b.upper();
        every_kind(b, "top");
        b.socket("top/socket");
    },
    steps: |r| {
        let mut paths = vec!["top/socket".to_owned()];
        paths.extend(
            KINDS
                .iter()
                .flat_map(|k| [format!("low/{k}"), format!("top/{k}")]),
        );
        for path in paths {
            for name in [
                "user.x",
                "trusted.x",
                "security.x",
                "system.x",
                "nonesuch.x",
                "btrfs.x",
                "plain",
                "user",
                "user.",
                "trusted.",
                "security.",
                "USER.x",
                ".x",
                "",
            ] {
                r.getxattr(&path, name);
                r.removexattr(&path, name);
                r.setxattr(&path, name, "value");
                r.getxattr(&path, name);
            }
            r.listxattr(&path);
            r.removexattr(&path, "trusted.x");
            r.listxattr(&path);
        }
    },
    ..Scenario::DEFAULT
};
