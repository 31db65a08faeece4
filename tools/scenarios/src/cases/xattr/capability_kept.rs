// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "file capabilities survive a change of attributes",
    setup: |b| {
        b.file("c", "text")
            .mode(0o755)
            .xattr("security.capability", &CAPABILITY);
    },
    steps: |r| {
        r.getxattr("c", "security.capability");
        r.chmod("c", 0o711);
        r.getxattr("c", "security.capability");
        r.utimens("c", (5, 5));
        r.listxattr("c");
        r.removexattr("c", "security.capability");
        r.getxattr("c", "security.capability");
    },
    ..Scenario::DEFAULT
};

/// cap_net_raw=ep, version 2.
const CAPABILITY: [u8; 20] = [
    1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
];
