// SPDX-License-Identifier: GPL-2.0-only
//! `make test-boot`: an installed system, booted by initramfs-tools.

mod below;
mod overlayroot;
mod refused;

use super::cases::{Boot, BootCase, Changes, Initrd, Keeps, Root};

/// Starts the probe in place of the system, for cases that do not need the system.
pub const PROBE: &str = "init=/usr/local/sbin/boot-probe";

const UNION: &str = "union-test: root union writable";
const PLAIN: &str = "starting on the plain root, read-only";
const CLEAN: &str = "union-test: journals recovered 0";
const RUNNING: &str = "union-test: system running";

/// A boot on a union.
const fn union(words: &'static str, says: &'static [&'static str]) -> Boot {
    Boot {
        initrd: Initrd::Whole,
        words,
        says,
        never: &[PLAIN],
        starts: true,
    }
}

/// A boot on the plain root, which must stay read-only.
const fn plain(words: &'static str, says: &'static [&'static str]) -> Boot {
    Boot {
        initrd: Initrd::Whole,
        words,
        says,
        never: &["union-test: root ext4 writable", "union-test: root union"],
        starts: true,
    }
}

/// The cases, the longest first, so that two machines end at about the same time.
pub const CASES: &[BootCase] = &[
    below::KERNEL,
    overlayroot::OVERLAYROOT,
    below::RECURSE,
    below::USR,
    overlayroot::OVERLAYROOT_DEVICE,
    overlayroot::OVERLAYROOT_REFUSED,
    LABEL,
    refused::NO_DEVICE,
    refused::NO_FILE_SYSTEM,
    OFF,
    TMPFS,
    DEVICE,
    DIR,
    below::CHROOT,
    below::RESET,
    overlayroot::CONF,
    PARTITION,
    LOWER_DEVICE,
    BTRFS,
    refused::NO_IMAGE,
    refused::DAMAGED,
    refused::REFUSED,
    refused::WRONG_FILE_SYSTEM,
    refused::NO_MODULE,
    refused::REQUIRED,
];

const LABEL: BootCase = BootCase {
    name: "label",
    root: Root::Installed,
    changes: Changes::Ext4,
    boots: &[
        union(
            "union=LABEL=changes",
            &[
                UNION,
                "union-test: marks 1",
                "union-test: lower ext4 ro",
                "union-test: rw ext4 rw",
                RUNNING,
                CLEAN,
            ],
        ),
        union(
            "union=UUID=5ca1ab1e-0000-4000-8000-000000000001:timeout=20",
            &[UNION, "union-test: marks 2", RUNNING, CLEAN],
        ),
    ],
    keeps: Keeps::Root,
};

const OFF: BootCase = BootCase {
    name: "off",
    root: Root::Installed,
    changes: Changes::Ext4,
    boots: &[Boot {
        initrd: Initrd::Whole,
        words: "union=off",
        says: &["union-test: root ext4 writable", RUNNING],
        never: &["union-boot"],
        starts: true,
    }],
    keeps: Keeps::Nothing,
};

const TMPFS: BootCase = BootCase {
    name: "tmpfs",
    root: Root::Installed,
    changes: Changes::Absent,
    boots: &[
        union(
            "rw union=tmpfs:size=200m",
            &[
                UNION,
                "union-test: marks 1",
                "union-test: rw tmpfs rw",
                // As above.
                "union-test: home ext4 marks 1 mode 755",
                RUNNING,
            ],
        ),
        union(
            "rw union=tmpfs init=/usr/local/sbin/boot-probe",
            &[UNION, "union-test: marks 1"],
        ),
    ],
    keeps: Keeps::Nothing,
};

const DEVICE: BootCase = BootCase {
    name: "device",
    root: Root::Image,
    changes: Changes::Xfs,
    boots: &[
        union(
            "union=/dev/vdb:dir=machines/a,hard_ro,noatime init=/usr/local/sbin/boot-probe",
            &[
                UNION,
                "union-test: marks 1",
                "union-test: lower erofs ro",
                "union-test: rw xfs rw",
                "hard_ro",
                "machines/a/upper",
            ],
        ),
        Boot {
            initrd: Initrd::Klibc,
            ..union(
                "union=/dev/vdb:dir=machines/b,noatime init=/usr/local/sbin/boot-probe",
                &[
                    UNION,
                    "union-test: marks 1",
                    "machines/b/upper",
                    "union-test: journals recovered 1",
                ],
            )
        },
    ],
    keeps: Keeps::Root,
};

// The root file system also holds the changes; other images of it are lower layers.
const DIR: BootCase = BootCase {
    name: "dir",
    root: Root::Installed,
    changes: Changes::Absent,
    boots: &[
        union(
            "union=dir:/var/changes:dir=a union.lower=/images/a.erofs:/images/b.squashfs \
             init=/usr/local/sbin/boot-probe",
            &[
                UNION,
                "union-test: marks 1",
                "union-test: lower ext4",
                "union-test: images a b a",
            ],
        ),
        union(
            "union=dir:/var/changes:dir=a union.ro union-test.chroot init=/usr/local/sbin/boot-probe",
            &[
                "union-test: root union read-only",
                "union-test: marks 1",
                "union-test: chroot 0 ro",
            ],
        ),
        union(
            "union=dir:/var/changes:dir=a union.reset init=/usr/local/sbin/boot-probe",
            &[
                UNION,
                "union-test: marks 1",
                "union-test: lower layer changed",
            ],
        ),
    ],
    keeps: Keeps::Nothing,
};

const PARTITION: BootCase = BootCase {
    name: "partition",
    root: Root::Image,
    changes: Changes::Partition,
    boots: &[union(
        "union=PARTUUID=5ca1ab1e-0000-4000-8000-000000000002:timeout=20 init=/usr/local/sbin/boot-probe",
        &[UNION, "union-test: marks 1", "union-test: rw f2fs rw"],
    )],
    keeps: Keeps::Root,
};

const LOWER_DEVICE: BootCase = BootCase {
    name: "lower-device",
    root: Root::Image,
    changes: Changes::Image,
    boots: &[
        union(
            "union=tmpfs union.lower=/dev/vdb init=/usr/local/sbin/boot-probe",
            &[UNION, "union-test: images b b"],
        ),
        plain(
            "union=tmpfs:timeout=1 union.lower=/dev/absent init=/usr/local/sbin/boot-probe",
            &[
                "union-boot: there is no /dev/absent with a file system",
                PLAIN,
            ],
        ),
    ],
    keeps: Keeps::Root,
};

const BTRFS: BootCase = BootCase {
    name: "btrfs",
    root: Root::Image,
    changes: Changes::Btrfs,
    boots: &[union(
        "union=/dev/vdb init=/usr/local/sbin/boot-probe",
        &[UNION, "union-test: rw btrfs rw"],
    )],
    keeps: Keeps::Root,
};
