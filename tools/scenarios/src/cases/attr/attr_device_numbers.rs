// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

/// Its format has 14 and 18 bits for them.
const XFS: &str = "xfs refuses the largest device numbers";

pub const SCENARIO: Scenario = Scenario {
    about: "large device numbers survive copy-up, rename and link",
    setup: |b| {
        for (number, (major, minor)) in DEVICES.into_iter().enumerate() {
            b.char_device(&format!("c{number}"), major, minor)
                .mode(0o600);
            b.block_device(&format!("b{number}"), major, minor)
                .mode(0o060);
        }
    },
    steps: |r| {
        for (number, (major, minor)) in DEVICES.into_iter().enumerate() {
            for kind in ["b", "c"] {
                let name = format!("{kind}{number}");
                r.lstat(&name);
                r.chmod(&name, 0o620);
                r.lstat(&name);
                r.rename(&name, "moved");
                r.link("moved", &format!("{name}-2"));
                r.rename("moved", &name);
                r.lstat(&format!("{name}-2"));
            }
            r.mknod(&format!("new{number}"), libc::S_IFCHR, 0o600, major, minor);
            r.lstat(&format!("new{number}"));
        }
        // A character device 0:0 would be a whiteout, a block device is none.
        r.mknod("zero", libc::S_IFBLK, 0o600, 0, 0);
        r.chmod("zero", 0o640);
        r.lstat("zero");
    },
    not_on: &[
        ("top:xfs", XFS),
        ("xfs", XFS),
        ("iso9660", "isofs tells 8 bits of the minor number"),
    ],
    ..Scenario::DEFAULT
};

const DEVICES: [(u32, u32); 5] = [(0, 1), (1, 0), (255, 256), (511, 65_536), (4095, 1_048_575)];
