// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "statx tells one mount for all objects, its root as such, before and after copy-up",
    setup: |b| {
        every_kind(b, "low");
        b.upper();
        every_kind(b, "top");
    },
    steps: |r| {
        r.hold();
        r.in_child(|r| {
            r.done("binding", sys::bind_here(0));
            for mask in [libc::STATX_MNT_ID, libc::STATX_MNT_ID_UNIQUE] {
                let ask = |path: &str| {
                    let flags = libc::AT_SYMLINK_NOFOLLOW;
                    sys::statx(sys::HERE, path, flags, mask).expect("statx")
                };
                let root = ask(".");
                r.expect("the root is one", root.stx_attributes & 0x2000 != 0);
                r.expect("and could be told", root.stx_attributes_mask & 0x2000 != 0);
                for path in KINDS
                    .iter()
                    .flat_map(|k| [format!("low/{k}"), format!("top/{k}")])
                {
                    for _ in 0..2 {
                        let stat = ask(&path);
                        r.expect(
                            format_args!("{path} is of the same mount"),
                            stat.stx_mask & mask != 0
                                && stat.stx_mnt_id == root.stx_mnt_id
                                && stat.stx_attributes & 0x2000 == 0,
                        );
                        r.chown(&path, 1, 1);
                    }
                }
            }
        });
    },
    ..Scenario::DEFAULT
};
