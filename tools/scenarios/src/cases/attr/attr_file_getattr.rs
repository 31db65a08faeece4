// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "file_getattr and file_setattr reach links and special files, which no ioctl does",
    setup: |b| {
        b.upper();
        every_kind(b, "top");
        b.socket("top/socket");
    },
    steps: |r| {
        const NODUMP: u64 = 0x80;
        for kind in KINDS.iter().chain(&["socket"]) {
            let path = format!("top/{kind}");
            for nofollow in [0x100, 0] {
                let result = sys::file_getattr(sys::HERE, &path, 24, nofollow);
                let flags = result.map(|attr| attr.xflags & (NODUMP | 0x58));
                r.call(format_args!("file_getattr of {path}, {nofollow:#x}"), flags);
                for xflags in [NODUMP, 0x8, 0] {
                    let attr = sys::FileAttr {
                        xflags,
                        ..Default::default()
                    };
                    let result = sys::file_setattr(sys::HERE, &path, attr, 24, nofollow);
                    r.done(
                        format_args!("file_setattr of {path}, {xflags:#x}, {nofollow:#x}"),
                        result,
                    );
                    let result = sys::file_getattr(sys::HERE, &path, 24, nofollow);
                    let flags = result.map(|attr| attr.xflags & (NODUMP | 0x58));
                    r.call(format_args!("file_getattr of {path}"), flags);
                }
            }
        }
    },
    not_on: &[(
        "top:xfs",
        "xfs keeps flags of links and special files, which a union does not reach",
    )],
    ..Scenario::DEFAULT
};
