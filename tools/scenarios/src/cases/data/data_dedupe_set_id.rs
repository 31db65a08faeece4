// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

const SIZE: usize = 8192;
const FILES: &[&str] = &["same", "other", "low"];

pub const SCENARIO: Scenario = Scenario {
    about: "FIDEDUPERANGE leaves set-id bits and capabilities alone, whether it shares blocks, finds \
        a difference, or cannot share any",
    setup: |b| {
        // Version 2 of the attribute: CAP_NET_RAW, permitted.
        let capability = [
            0, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        ];
        b.upper().file("source", vec![b'x'; SIZE]);
        for (name, byte) in [("same", b'x'), ("other", b'y')] {
            b.upper()
                .file(name, vec![byte; SIZE])
                .mode(0o6777)
                .owner(1000, 1000)
                .xattr("security.capability", &capability);
        }
        b.anywhere()
            .file("low", vec![b'x'; SIZE])
            .mode(0o6777)
            .owner(1000, 1000)
            .xattr("security.capability", &capability);
    },
    steps: |r| {
        for (uid, gid) in [(0, 0), (1001, 1001), (1000, 1000)] {
            r.as_user(uid, gid, |r| {
                let source = r.open("source", O_RDONLY);
                for name in FILES {
                    let file = r.open(name, O_RDWR);
                    r.touched(&[name], |_| {
                        // What it answers depends on whether there are blocks to be shared.
                        let _ = sys::dedupe_range(source.raw(), 0, SIZE as u64, file.raw(), 0);
                    });
                    r.close(file);
                }
            });
            for name in FILES {
                r.stat(name);
                r.getxattr(name, "security.capability");
            }
        }
    },
    layers: Some(|l| l.absent("low")),
    ..Scenario::DEFAULT
};
