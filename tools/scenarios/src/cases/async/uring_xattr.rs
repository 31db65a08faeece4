// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "io_uring reads attributes without a copy-up and sets them with one",
    setup: |b| {
        b.file("read", "text").xattr("user.a", b"value");
        b.file("set", "text").xattr("user.a", b"value");
        b.dir("d");
    },
    steps: |r| {
        let mut ring = r.ring();
        for name in ["user.a", "user.none", "trusted.overlay.opaque"] {
            let mut buffer = [0u8; 16];
            let request = Request::getxattr("read", name, &mut buffer);
            r.uring(&mut ring, vec![("getxattr", request)]);
            r.bytes(name, &buffer);
        }
        for path in ["set", "d", "none"] {
            let request = Request::setxattr(path, "user.a", b"another");
            r.uring(&mut ring, vec![("setxattr", request)]);
            r.getxattr(path, "user.a");
        }
    },
    layers: Some(|l| l.upper_is(&["d", "set"])),
    ..Scenario::DEFAULT
};
