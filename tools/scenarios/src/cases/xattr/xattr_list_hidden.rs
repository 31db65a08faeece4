// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "the list of names has the size it was said to have where private names are left out",
    setup: |b| {
        b.lower(0).file("copied", "x").xattr("user.a", b"1");
        b.dir("merged").xattr("user.d", b"1");
        b.file("merged/f", "x");
        b.file("hidden/f", "x");
        b.upper().opaque("hidden");
    },
    steps: |r| {
        // Marks for numbers, moved entries and opaque directories come into being.
        r.chmod("copied", 0o600);
        r.chmod("merged/f", 0o600);
        r.rename("merged/f", "hidden/g");
        r.unlink("copied");
        r.mkdir("copied");
        r.setxattr("hidden", "trusted.h", "1");
        for name in [".", "copied", "merged", "hidden", "hidden/g"] {
            let size = sys::listxattr_into(name, 0);
            r.call(format_args!("size of the list of {name}"), size);
            let size = size.unwrap_or(0) as usize;
            for buffer in [size.saturating_sub(1), size, size + 1] {
                let result = sys::listxattr_into(name, buffer);
                r.call(format_args!("{name} into {buffer}"), result);
            }
            r.as_user(1000, 1000, |r| {
                let result = sys::listxattr_into(name, size);
                r.call(format_args!("{name} for anybody"), result);
            });
        }
    },
    layers: Some(|l| l.opaque("copied")),
    not_on: &[("top:btrfs", shape::BTRFS_LISTS_TRUSTED)],
    ..Scenario::DEFAULT
};
