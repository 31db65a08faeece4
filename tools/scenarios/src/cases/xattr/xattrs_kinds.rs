// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "attributes of directories, links and special files",
    setup: |b| {
        b.dir("d");
        b.symlink("l", "d");
        b.fifo("p");
    },
    steps: |r| {
        for name in ["d", "l", "p"] {
            r.setxattr(name, "user.x", "v");
            r.setxattr(name, "trusted.x", "v");
            r.setxattr(name, "security.x", "v");
            r.listxattr(name);
        }
        r.as_user(1000, 1000, |r| {
            // A user sees no trusted attributes, but for those that btrfs shows to everyone.
            r.getxattr("d", "user.x");
            r.getxattr("d", "trusted.x");
            r.setxattr("d", "user.y", "v");
            r.setxattr("d", "trusted.y", "v");
        });
    },
    ..Scenario::DEFAULT
};
