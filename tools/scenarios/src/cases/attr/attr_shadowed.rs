// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "of several layers the topmost gives the attributes, and they are what is copied up",
    setup: |b| {
        for (layer, mode) in [(0, 0o751), (1, 0o705), (2, 0o777)] {
            let uid = 1000 + layer as u32;
            let time = 1_000_000_010 + layer as i64;
            b.lower(layer);
            b.file("f", format!("layer {layer}"))
                .mode(mode & 0o7666)
                .owner(uid, uid)
                .mtime(time, 10)
                .xattr(&format!("user.layer{layer}"), b"x");
            b.dir("d")
                .mode(mode)
                .owner(uid, uid)
                .mtime(time, 20)
                .xattr("user.same", format!("{layer}").as_bytes())
                .xattr(&format!("user.layer{layer}"), b"x");
            b.file(&format!("d/{layer}"), "x");
        }
    },
    steps: |r| {
        for round in 0..2 {
            for name in ["f", "d"] {
                r.stat(name);
                r.listxattr(name);
                r.getxattr(name, "user.same");
                r.removexattr(name, "user.layer2");
            }
            r.ls("d");
            if round == 0 {
                r.chmod("f", 0o644);
                r.setxattr("d", "user.new", "x");
                r.setxattr("f", "user.layer1", "again");
            }
        }
    },
    layers: Some(|l| l.upper_is(&["d", "f"])),
    ..Scenario::DEFAULT
};
