// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "every object and descriptor tells the figures of the upper layer's file system",
    setup: |b| {
        every_kind(b, "low");
        b.upper();
        every_kind(b, "top");
    },
    steps: |r| {
        let root = sys::statfs(".").expect("statfs");
        // A full disk or an empty one: only what stays is written down.
        r.note(format_args!(
            "block {} {}, blocks {}, names {}",
            root.f_bsize, root.f_frsize, root.f_blocks, root.f_namelen
        ));
        r.expect(
            "the free ones are not more than all",
            root.f_bavail <= root.f_bfree
                && root.f_bfree <= root.f_blocks
                && root.f_ffree <= root.f_files,
        );
        let mut check = |what: String, stat: sys::Result<libc::statfs>| {
            let same = stat.map(|stat| {
                stat.f_type == root.f_type
                    && stat.f_bsize == root.f_bsize
                    && stat.f_blocks == root.f_blocks
                    && stat.f_namelen == root.f_namelen
            });
            r.call(what, same);
        };
        for path in KINDS
            .iter()
            .flat_map(|k| [format!("low/{k}"), format!("top/{k}")])
        {
            check(format!("statfs of {path}"), sys::statfs(&path));
            let fd = sys::open(&path, O_PATH | O_NOFOLLOW, 0).expect("open");
            check(format!("fstatfs of {path}"), sys::fstatfs(fd));
            sys::close(fd).expect("close");
        }
    },
    layers: Some(|l| l.absent("low")),
    ..Scenario::DEFAULT
};
