// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "security.* attributes are read by all, changed by CAP_SYS_ADMIN, capabilities by CAP_SETFCAP",
    setup,
    steps: |r| {
        let try_all = |r: &mut Run, place: &str| {
            let path = format!("{place}/f");
            r.getxattr(&path, "security.a");
            r.getxattr(&path, CAPABILITY);
            r.listxattr(&path);
            r.setxattr(&path, "security.a", "2");
            r.setxattr(&path, CAPABILITY, NET_RAW);
            // No capabilities at all: not even those who may set some get this one past.
            r.setxattr(&path, CAPABILITY, "junk");
            r.removexattr(&path, "security.none");
        };
        for place in PLACES {
            r.as_who(OWNER, |r| try_all(r, place));
            r.without(&[cap::SYS_ADMIN, cap::SETFCAP], |r| try_all(r, place));
        }
        r.with_only(OTHER, &[cap::SYS_ADMIN], |r| try_all(r, "upper"));
        r.with_only(OTHER, &[cap::SETFCAP], |r| try_all(r, "merged"));
        r.removexattr("upper/f", "security.a");
        r.removexattr("upper/f", CAPABILITY);
    },
    layers: Some(|l| upper_gained(l, setup, &["merged/f"])),
    ..Scenario::DEFAULT
};

const CAPABILITY: &str = "security.capability";

/// cap_net_raw=ep, version 2.
const NET_RAW: [u8; 20] = [
    1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
];

fn setup(b: &mut Builder) {
    in_places(b, |b, place| {
        b.file(&format!("{place}/f"), "text")
            .mode(0o777)
            .owner(1000, 500)
            .xattr("security.a", b"1");
    });
}
