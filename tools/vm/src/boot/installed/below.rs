// SPDX-License-Identifier: GPL-2.0-only
//! Lower layers besides the root: other file systems of /etc/fstab, a chroot into the lower layer, a kernel that is
//! installed.

use super::super::cases::{Boot, BootCase, Changes, Initrd, Keeps, Root};
use super::{CLEAN, PLAIN, RUNNING, UNION, union};

pub const KERNEL: BootCase = BootCase {
    name: "kernel",
    root: Root::Installed,
    changes: Changes::Packages,
    boots: &[
        union(
            "union=LABEL=changes union-test.kernel=install init=/usr/local/sbin/boot-probe",
            &[
                UNION,
                "union-test: kernel 0 has initrd vmlinuz",
                "union-test: marks 1",
            ],
        ),
        Boot {
            initrd: Initrd::Own,
            never: &[PLAIN, "has initrd", "has vmlinuz"],
            ..union(
                "union=LABEL=changes union-test.kernel=remove init=/usr/local/sbin/boot-probe",
                &[UNION, "union-test: kernel 0 has", "union-test: marks 2"],
            )
        },
    ],
    keeps: Keeps::Nothing,
};

pub const RECURSE: BootCase = BootCase {
    name: "recurse",
    root: Root::Installed,
    changes: Changes::Ext4,
    boots: &[
        union(
            "union=LABEL=changes:recurse=1 union-test.swap init=/usr/local/sbin/boot-probe",
            &[
                UNION,
                "union-test: home union marks 1 mode 1751",
                "union-test: swaps 0",
            ],
        ),
        union(
            "union=LABEL=changes:recurse=1,swap=0 union-test.chroot init=/usr/local/sbin/boot-probe",
            &[
                UNION,
                "union-test: home union marks 2 mode 1751",
                "union-test: swaps 0",
                "union-test: chroot 0 ro",
                "union-test: lower home ext4 ro",
                "union-test: home of the lower layer changed",
            ],
        ),
        union(
            "union=LABEL=changes:recurse=1 union.ro",
            &[
                "union-test: root union read-only",
                "union-test: home union read-only",
                "union-test: swaps 1",
            ],
        ),
        union(
            "union=LABEL=changes init=/usr/local/sbin/boot-probe",
            &[UNION, "union-test: home ext4 marks 1 mode 1751", CLEAN],
        ),
    ],
    keeps: Keeps::Nothing,
};

pub const USR: BootCase = BootCase {
    name: "usr",
    root: Root::Split,
    changes: Changes::Ext4,
    boots: &[
        union(
            "union=LABEL=changes:recurse=1",
            &[
                UNION,
                "union-test: usr union marks 1",
                "union-test: lower usr ext4 ro",
                RUNNING,
                CLEAN,
            ],
        ),
        union(
            "union=LABEL=changes:recurse=1 union-test.chroot init=/usr/local/sbin/boot-probe",
            &[
                UNION,
                "union-test: usr union marks 2",
                "union-test: chroot 0 ro",
                "union-test: lower usr ext4 ro",
                "union-test: usr of the lower layer changed",
            ],
        ),
        union(
            "union=LABEL=changes:recurse=1 union.ro init=/usr/local/sbin/boot-probe",
            &[
                "union-test: root union read-only",
                "union-test: usr union read-only",
            ],
        ),
        // Without recurse= it is mounted as /etc/fstab says.
        union(
            "union=LABEL=changes",
            &[UNION, "union-test: usr ext4 marks 1", RUNNING, CLEAN],
        ),
    ],
    keeps: Keeps::Nothing,
};

pub const CHROOT: BootCase = BootCase {
    name: "chroot",
    root: Root::Installed,
    changes: Changes::Ext4,
    boots: &[
        union(
            "union=LABEL=changes union-test.chroot init=/usr/local/sbin/boot-probe",
            &[UNION, "union-test: chroot 0 ro ro"],
        ),
        // Nothing has been unmounted: e2fsck replays the journals.
        union(
            "union=LABEL=changes init=/usr/local/sbin/boot-probe",
            &[
                UNION,
                "union-test: marks 2",
                "union-test: lower layer changed",
            ],
        ),
        union(
            "union=LABEL=changes:hard_ro union-test.chroot init=/usr/local/sbin/boot-probe",
            &[
                UNION,
                "union-chroot: the lower layer cannot be made writable",
                "union-test: chroot 1 ro",
            ],
        ),
    ],
    keeps: Keeps::Nothing,
};

// Each boot ends with a power cut.
pub const RESET: BootCase = BootCase {
    name: "reset",
    root: Root::Installed,
    changes: Changes::Ext4,
    boots: &[
        union(
            "union=LABEL=changes:recurse=1 init=/usr/local/sbin/boot-probe",
            &[
                UNION,
                "union-test: marks 1",
                "union-test: home union marks 1",
            ],
        ),
        union(
            "union=LABEL=changes:recurse=1 union.reset init=/usr/local/sbin/boot-probe",
            &[
                UNION,
                "union-test: marks 1",
                "union-test: home union marks 1",
            ],
        ),
        // As after a power cut during the reset.
        union(
            "union=LABEL=changes:recurse=1 union-test.interrupt init=/usr/local/sbin/boot-probe",
            &[
                UNION,
                "union-test: marks 2",
                "union-test: home union marks 2",
            ],
        ),
        union(
            "union=LABEL=changes:recurse=1 init=/usr/local/sbin/boot-probe",
            &[
                UNION,
                "union-test: marks 1",
                "union-test: home union marks 1",
            ],
        ),
    ],
    keeps: Keeps::All,
};
