// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "devices, trusted.* and security.* attributes are not for a user namespace's root",
    setup,
    steps: |r| {
        r.in_userns("0 1000 4\n", "0 1000 4\n", |r| {
            for place in PLACES {
                let path = format!("{place}/file");
                r.getxattr(&path, "trusted.a");
                r.listxattr(&path);
                r.setxattr(&path, "trusted.a", "2");
                r.setxattr(&path, "security.a", "2");
                r.removexattr(&path, "security.a");
                r.mknod(&format!("{place}/dir/char"), libc::S_IFCHR, 0o600, 1, 3);
                r.mknod(&format!("{place}/dir/block"), libc::S_IFBLK, 0o600, 1, 3);
                let fd = r.open(&path, O_RDONLY);
                r.link_empty(fd, &format!("{place}/shut/link"));
                r.unlink(&format!("{place}/shut/f"));
                r.rename(&path, &format!("{place}/shut/f"));
            }
        });
    },
    layers: Some(|l| upper_gained(l, setup, &[])),
    not_on: &[
        ("chroot", "no user namespace can be made in a chroot"),
        ("top:btrfs", shape::BTRFS_LISTS_TRUSTED),
    ],
    ..Scenario::DEFAULT
};

fn setup(b: &mut Builder) {
    in_places(b, |b, place| {
        b.file(&format!("{place}/file"), "text")
            .owner(1000, 1000)
            .xattr("trusted.a", b"1")
            .xattr("security.a", b"1");
        b.dir(&format!("{place}/dir")).owner(1000, 1000);
        b.dir(&format!("{place}/shut"));
        b.file(&format!("{place}/shut/f"), "text").owner(1000, 1000);
    });
}
