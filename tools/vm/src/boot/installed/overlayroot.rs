// SPDX-License-Identifier: GPL-2.0-only
//! The words of overlayroot, and the reasons to refuse them.

use super::super::cases::{Boot, BootCase, Changes, Initrd, Keeps, Root};
use super::{PLAIN, PROBE, RUNNING, UNION, plain, union};

pub const OVERLAYROOT: BootCase = BootCase {
    name: "overlayroot",
    root: Root::Installed,
    changes: Changes::Absent,
    boots: &[union(
        "overlayroot=tmpfs",
        &[
            UNION,
            "union-test: rw tmpfs rw",
            // systemd-tmpfiles gives /home the mode of its home.conf.
            "union-test: home union marks 1 mode 755",
            "union-test: lower home ext4 ro",
            RUNNING,
        ],
    )],
    keeps: Keeps::All,
};

pub const OVERLAYROOT_DEVICE: BootCase = BootCase {
    name: "overlayroot-device",
    root: Root::Installed,
    changes: Changes::Overlayroot,
    boots: &[
        union(
            "overlayroot=/dev/vdb init=/usr/local/sbin/boot-probe",
            &[
                UNION,
                "union-test: marks 2",
                "union-test: home union marks 1 mode 1751",
                "upperdir=/run/initramfs/union/rw/overlay,",
            ],
        ),
        union(
            "overlayroot=device:dev=LABEL=changes,timeout=20,recurse=1,driver=auto init=/usr/local/sbin/boot-probe",
            &[
                UNION,
                "union-test: marks 3",
                "union-test: home union marks 2 mode 1751",
            ],
        ),
        union(
            "loglevel=7 overlayroot=device:dev=vdb,dir=runs/1,recurse=0,swap=1,debug=1 init=/usr/local/sbin/boot-probe",
            &[
                UNION,
                "union-test: marks 1",
                "union-test: home ext4 marks 1 mode 1751",
                "union-boot: changes are kept in /dev/vdb (ext4)",
                "union-boot: fstab, hide: LABEL=union-root",
                "upperdir=/run/initramfs/union/rw/runs/1,",
            ],
        ),
    ],
    keeps: Keeps::Root,
};

pub const OVERLAYROOT_REFUSED: BootCase = BootCase {
    name: "overlayroot-refused",
    root: Root::Installed,
    changes: Changes::Absent,
    boots: &[
        plain(
            "overlayroot=crypt:dev=/dev/vdb,pass=x init=/usr/local/sbin/boot-probe",
            &[
                "union-boot: overlayroot=crypt: is not supported",
                PLAIN,
                "union-test: root ext4 read-only",
            ],
        ),
        plain(
            "overlayroot=device:dev=absent,timeout=1 init=/usr/local/sbin/boot-probe",
            &[
                "union-boot: there is no /dev/absent with a file system",
                PLAIN,
                "union-test: root ext4 read-only",
                "union-test: home ext4 read-only",
            ],
        ),
        Boot {
            initrd: Initrd::Whole,
            words: "overlayroot=disabled init=/usr/local/sbin/boot-probe",
            says: &["union-test: root ext4 read-only"],
            never: &["union-boot"],
            starts: true,
        },
    ],
    keeps: Keeps::Root,
};

pub const CONF: BootCase = BootCase {
    name: "conf",
    root: Root::Image,
    changes: Changes::Absent,
    boots: &[
        union(
            PROBE,
            &[
                UNION,
                "union-test: lower erofs ro",
                "union-test: rw tmpfs rw",
            ],
        ),
        Boot {
            initrd: Initrd::Whole,
            words: "union=off init=/usr/local/sbin/boot-probe",
            says: &["union-test: root erofs read-only"],
            never: &["union-boot"],
            starts: true,
        },
        // The contents of /etc/overlayroot.conf and overlayroot.local.conf.
        union(
            "union=overlayroot init=/usr/local/sbin/boot-probe",
            &[UNION, "upperdir=/run/initramfs/union/rw/kiosk,"],
        ),
    ],
    keeps: Keeps::Root,
};
