// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a file capability must be well-formed and is given by those who may",
    setup: |b| {
        b.file("f", "text").owner(1000, 1000);
        b.file("kept", "text").owner(1000, 1000);
        b.dir("d");
        b.symlink("l", "f");
        b.upper().file("t", "text");
    },
    steps: |r| {
        const NAME: &str = "security.capability";
        let version = |number: u8, length: usize| {
            let mut value = vec![0u8; length];
            value[..4].copy_from_slice(&[1, 0, 0, number]);
            value
        };
        for path in ["f", "t", "d", "l"] {
            for (number, length) in [(1, 12), (2, 20), (3, 24), (2, 19), (3, 20), (2, 4), (9, 20)] {
                r.setxattr(path, NAME, version(number, length));
                r.getxattr(path, NAME);
            }
            r.setxattr(path, NAME, "");
            r.removexattr(path, NAME);
            r.removexattr(path, NAME);
            // Of another user namespace's root: read as version 3.
            let mut other = version(3, 24);
            other[20..].copy_from_slice(&1000u32.to_le_bytes());
            r.setxattr(path, NAME, other);
            r.getxattr(path, NAME);
        }
        r.as_user(1000, 1000, |r| {
            r.setxattr("kept", NAME, version(2, 20));
            r.removexattr("kept", NAME);
            r.getxattr("f", NAME);
            r.removexattr("f", NAME);
        });
    },
    layers: Some(|l| l.absent("kept")),
    not_on: &[
        (
            "rotate",
            "a lower file whose capability is malformed cannot be copied up",
        ),
        (
            "rotate-ext4",
            "a lower file whose capability is malformed cannot be copied up",
        ),
    ],
    ..Scenario::DEFAULT
};
