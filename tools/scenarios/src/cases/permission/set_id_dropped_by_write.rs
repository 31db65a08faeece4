// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a write by its owner drops set-user-id and capabilities",
    setup: |b| {
        b.file("f", "text").mode(0o6755).owner(1000, 1000);
        b.file("c", "text")
            .mode(0o755)
            .owner(1000, 1000)
            .xattr("security.capability", &CAPABILITY);
        b.dir("d").mode(0o777);
    },
    steps: |r| {
        r.as_user(1000, 1000, |r| {
            r.put("f", O_WRONLY, "T");
            r.stat("f");
            r.put("c", O_WRONLY, "T");
        });
        r.getxattr("c", "security.capability");
    },
    ..Scenario::DEFAULT
};

/// cap_net_raw=ep, version 2.
const CAPABILITY: [u8; 20] = [
    1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
];
