// SPDX-License-Identifier: GPL-2.0-only
//! A Debian on which the packages have been installed, and the steps there.

use super::cases::{Boot, BootCase, Changes, Initrd, Keeps, Root};

/// A step of tools/vm/guest/boot-deb.
const fn step(words: &'static str, says: &'static [&'static str]) -> Boot {
    Boot {
        initrd: Initrd::Own,
        words,
        says,
        never: &[": NO"],
        starts: true,
    }
}

/// Each is a machine with a disk of its own, from its first boot to the last.
pub const CASES: &[BootCase] = &[
    BootCase {
        name: "installed",
        root: Root::Installed,
        changes: Changes::Absent,
        boots: &[
            step(
                "union-test=deb:upgrade",
                &[
                    "union-test: autopkgtest: mount: yes",
                    "union-test: apt upgrades kernel and packages: yes",
                    "union-test: the mounted union has not noticed: yes",
                    "union-test: system running",
                ],
            ),
            step(
                "union-test=deb:upgraded",
                &[
                    "union-test: what was written before is there: yes",
                    "union-test: autopkgtest: mount: yes",
                    "union-test: system running",
                ],
            ),
            step(
                "module.sig_enforce=1 union-test=deb:enforced",
                &[
                    "union-test: mount says why: yes",
                    "union-test: the kernel says why: yes",
                ],
            ),
            step(
                "union-test=deb:purge",
                &["union-test: nothing is left: yes"],
            ),
        ],
        keeps: Keeps::Nothing,
    },
    BootCase {
        name: "secure-boot",
        root: Root::Installed,
        changes: Changes::Absent,
        boots: &[Boot {
            initrd: Initrd::Signed,
            ..step(
                "union-test=deb:secure",
                &[
                    "union-test: the kernel is locked down: yes",
                    "union-test: the kernel says why: yes",
                    "union-test: a union is mounted: yes",
                ],
            )
        }],
        keeps: Keeps::Nothing,
    },
];
