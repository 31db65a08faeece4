// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "values of no byte, of 64 KiB and of more: what the upper layer can hold is held",
    setup: |b| {
        for size in SIZES {
            b.file(&format!("low-{size}"), "text");
        }
        b.upper().file("top", "text");
    },
    steps: |r| {
        for size in SIZES {
            let value: Vec<u8> = (0..size).map(|i| (i % 251) as u8).collect();
            for path in [&format!("low-{size}"), "top"] {
                r.setxattr(path, "user.v", &value);
                r.getxattr(path, "user.v");
                let probed = sys::getxattr_into(path, "user.v", 0);
                r.call(format_args!("{size}: size asked for"), probed);
                let short = sys::getxattr_into(path, "user.v", size.max(1) - 1);
                r.call(format_args!("{size}: one byte short"), short);
                r.setxattr_flags(path, "user.v", "x", XATTR_REPLACE);
            }
        }
        let result = sys::getxattr_into("top", "user.v", 1 << 20);
        r.call("a buffer larger than any value", result);
        let result = sys::listxattr_into("top", 1 << 20);
        r.call("a buffer larger than any list", result);
    },
    ..Scenario::DEFAULT
};

const SIZES: [usize; 8] = [0, 1, 255, 2000, 4000, 65535, 65536, 65537];
