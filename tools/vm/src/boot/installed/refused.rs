// SPDX-License-Identifier: GPL-2.0-only
//! Settings with which there can be no union: the plain root is started, with the reason on the console.

use super::super::cases::{Boot, BootCase, Changes, Initrd, Keeps, Root};
use super::{PLAIN, plain};

pub const NO_DEVICE: BootCase = BootCase {
    name: "no-device",
    root: Root::Installed,
    changes: Changes::Absent,
    boots: &[plain(
        "union=LABEL=absent:timeout=2",
        &[
            "union-boot: there is no LABEL=absent",
            PLAIN,
            "union-test: root ext4 read-only",
            "union-test: end",
        ],
    )],
    keeps: Keeps::Root,
};

pub const NO_FILE_SYSTEM: BootCase = BootCase {
    name: "no-file-system",
    root: Root::Image,
    changes: Changes::Empty,
    boots: &[Boot {
        initrd: Initrd::Whole,
        words: "union=/dev/vdb init=/usr/local/sbin/boot-probe",
        says: &[
            "union-boot: there is no /dev/vdb with a file system",
            PLAIN,
            "union-test: root erofs read-only",
        ],
        never: &["union-test: no /dev"],
        starts: true,
    }],
    keeps: Keeps::Root,
};

pub const NO_IMAGE: BootCase = BootCase {
    name: "no-image",
    root: Root::Image,
    changes: Changes::Absent,
    boots: &[plain(
        "union=tmpfs union.lower=/images/absent init=/usr/local/sbin/boot-probe",
        &[
            "union-boot: there is no image /images/absent",
            PLAIN,
            "union-test: root erofs read-only",
        ],
    )],
    keeps: Keeps::Root,
};

pub const DAMAGED: BootCase = BootCase {
    name: "damaged",
    root: Root::Image,
    changes: Changes::Damaged,
    boots: &[plain(
        "union=/dev/vdb init=/usr/local/sbin/boot-probe",
        &[
            "needs to be checked by hand",
            PLAIN,
            "union-test: root erofs read-only",
        ],
    )],
    keeps: Keeps::Root,
};

pub const REFUSED: BootCase = BootCase {
    name: "refused",
    root: Root::Installed,
    changes: Changes::Volatile,
    boots: &[plain(
        "union=/dev/vdb init=/usr/local/sbin/boot-probe",
        &[
            "union-boot: the union cannot be mounted",
            PLAIN,
            "union-test: root ext4 read-only",
        ],
    )],
    keeps: Keeps::Root,
};

pub const WRONG_FILE_SYSTEM: BootCase = BootCase {
    name: "wrong-file-system",
    root: Root::Installed,
    changes: Changes::Swap,
    boots: &[plain(
        "rw union=/dev/vdb,noatime init=/usr/local/sbin/boot-probe",
        &[
            "union-boot: /dev/vdb cannot be mounted as swap with rw,noatime",
            PLAIN,
            "union-test: root ext4 read-only",
        ],
    )],
    keeps: Keeps::Nothing,
};

pub const NO_MODULE: BootCase = BootCase {
    name: "no-module",
    root: Root::Installed,
    changes: Changes::Ext4,
    boots: &[Boot {
        initrd: Initrd::WithoutModule,
        ..plain(
            "union=LABEL=changes init=/usr/local/sbin/boot-probe",
            &[
                "union-boot: the module union cannot be loaded",
                PLAIN,
                "union-test: root ext4 read-only",
            ],
        )
    }],
    keeps: Keeps::Root,
};

pub const REQUIRED: BootCase = BootCase {
    name: "required",
    root: Root::Installed,
    changes: Changes::Ext4,
    boots: &[Boot {
        initrd: Initrd::WithoutModule,
        words: "union=LABEL=changes:required init=/usr/local/sbin/boot-probe",
        says: &["the module union cannot be loaded", "says 'required'"],
        never: &[PLAIN, "union-test:"],
        starts: false,
    }],
    keeps: Keeps::Root,
};
