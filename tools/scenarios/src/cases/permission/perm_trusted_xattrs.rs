// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "trusted.* attributes do not exist for those without CAP_SYS_ADMIN",
    setup,
    steps: |r| {
        let try_all = |r: &mut Run| {
            for place in PLACES {
                let path = format!("{place}/f");
                r.getxattr(&path, "trusted.a");
                r.listxattr(&path);
                r.setxattr(&path, "trusted.a", "2");
                r.setxattr(&path, "trusted.b", "2");
                r.removexattr(&path, "trusted.a");
                // Nor do those that only the union itself sees.
                r.setxattr(&path, "trusted.overlay.opaque", "y");
                r.removexattr(&path, "trusted.overlay.union.ino");
            }
        };
        r.as_who(OWNER, try_all);
        r.without(&[cap::SYS_ADMIN], try_all);
        for place in PLACES {
            r.getxattr(&format!("{place}/f"), "trusted.a");
        }
    },
    layers: Some(|l| upper_gained(l, setup, &[])),
    not_on: &[("top:btrfs", shape::BTRFS_LISTS_TRUSTED)],
    ..Scenario::DEFAULT
};

fn setup(b: &mut Builder) {
    in_places(b, |b, place| {
        b.file(&format!("{place}/f"), "text")
            .mode(0o666)
            .owner(1000, 500)
            .xattr("trusted.a", b"1")
            .xattr("user.a", b"1");
    });
}
