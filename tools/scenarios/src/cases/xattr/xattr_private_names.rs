// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "names that the union uses itself are ordinary names to a program, and mean nothing",
    setup: |b| {
        b.file("f", "text");
        b.dir("d");
        b.file("d/x", "x");
        b.upper().file("t", "text");
    },
    steps: |r| {
        for path in ["f", "d", "t"] {
            for name in [
                "trusted.overlay.opaque",
                "trusted.overlay.whiteout",
                "trusted.overlay.metacopy",
                "trusted.overlay.redirect",
                "trusted.overlay.origin",
                "trusted.overlay.impure",
                "trusted.overlay.nlink",
                "trusted.overlay.protattr",
                "trusted.overlay.union.ino",
                "trusted.overlay.overlay.opaque",
                "trusted.overlay.",
                "trusted.overlay",
                "trusted.overlayfs",
                "trusted.union.x",
                "user.overlay.opaque",
                "user.overlay.redirect",
            ] {
                r.getxattr(path, name);
                r.removexattr(path, name);
                r.setxattr_flags(path, name, "y", XATTR_CREATE);
                r.setxattr_flags(path, name, "/d", XATTR_CREATE);
                r.getxattr(path, name);
            }
            r.listxattr(path);
            r.removexattr(path, "trusted.overlay.opaque");
            r.removexattr(path, "trusted.overlay.overlay.opaque");
            // Overlayfs cannot read this one.
            r.removexattr(path, "trusted.overlay.");
            r.listxattr(path);
        }
        r.ls("d");
        r.cat("f");
        r.cat("d/x");
        r.as_user(1000, 1000, |r| {
            r.listxattr("d");
            r.setxattr("d", "trusted.overlay.opaque", "y");
            r.getxattr("d", "trusted.overlay.redirect");
        });
    },
    layers: Some(|l| l.not_opaque("d")),
    not_on: &[("top:btrfs", shape::BTRFS_LISTS_TRUSTED)],
    ..Scenario::DEFAULT
};
