// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "buffers of no size, too small and just right",
    setup: |b| {
        b.file("f", "text")
            .xattr("user.a", b"0123456789")
            .xattr("user.bb", b"");
    },
    steps: |r| {
        for round in 0..2 {
            for size in [0, 1, 9, 10, 100] {
                let result = sys::getxattr_into("f", "user.a", size);
                r.call(format_args!("getxattr into {size}"), result);
                let result = sys::getxattr_into("f", "user.bb", size);
                r.call(format_args!("getxattr of an empty one into {size}"), result);
            }
            for size in [0, 1, 14, 15, 100] {
                let result = sys::listxattr_into("f", size);
                r.call(format_args!("listxattr into {size}"), result);
            }
            if round == 0 {
                r.chmod("f", 0o600);
            }
        }
    },
    ..Scenario::DEFAULT
};
