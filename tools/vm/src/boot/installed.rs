// SPDX-License-Identifier: GPL-2.0-only
//! `make test-boot`: an installed system, booted by initramfs-tools.

use super::cases::{Boot, BootCase, Initrd, Keeps, Root, Top};

/// Starts the probe in the place of the system, for what does not depend on that.
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
    BootCase {
        name: "kernel",
        root: Root::Installed,
        top: Top::Packages,
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
    },
    BootCase {
        name: "overlayroot",
        root: Root::Installed,
        top: Top::Absent,
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
    },
    BootCase {
        name: "recurse",
        root: Root::Installed,
        top: Top::Ext4,
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
    },
    BootCase {
        name: "usr",
        root: Root::Split,
        top: Top::Ext4,
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
    },
    BootCase {
        name: "overlayroot-device",
        root: Root::Installed,
        top: Top::Overlayroot,
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
    },
    BootCase {
        name: "overlayroot-refused",
        root: Root::Installed,
        top: Top::Absent,
        boots: &[
            plain(
                "overlayroot=crypt:dev=/dev/vdb,pass=x init=/usr/local/sbin/boot-probe",
                &[
                    "union-boot: overlayroot=crypt: is not done here",
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
    },
    BootCase {
        name: "label",
        root: Root::Installed,
        top: Top::Ext4,
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
    },
    BootCase {
        name: "no-device",
        root: Root::Installed,
        top: Top::Absent,
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
    },
    BootCase {
        name: "no-file-system",
        root: Root::Image,
        top: Top::Empty,
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
    },
    BootCase {
        name: "off",
        root: Root::Installed,
        top: Top::Ext4,
        boots: &[Boot {
            initrd: Initrd::Whole,
            words: "union=off",
            says: &["union-test: root ext4 writable", RUNNING],
            never: &["union-boot"],
            starts: true,
        }],
        keeps: Keeps::Nothing,
    },
    BootCase {
        name: "tmpfs",
        root: Root::Installed,
        top: Top::Absent,
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
    },
    BootCase {
        name: "device",
        root: Root::Image,
        top: Top::Xfs,
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
    },
    // The root file system has the changes, too; other images of it are below.
    BootCase {
        name: "dir",
        root: Root::Installed,
        top: Top::Absent,
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
    },
    BootCase {
        name: "chroot",
        root: Root::Installed,
        top: Top::Ext4,
        boots: &[
            union(
                "union=LABEL=changes union-test.chroot init=/usr/local/sbin/boot-probe",
                &[UNION, "union-test: chroot 0 ro ro"],
            ),
            // Nothing has been unmounted: e2fsck goes through the journals.
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
    },
    // A power cut is behind each boot.
    BootCase {
        name: "reset",
        root: Root::Installed,
        top: Top::Ext4,
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
            // As if the power had been cut in the middle of forgetting.
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
    },
    BootCase {
        name: "conf",
        root: Root::Image,
        top: Top::Absent,
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
            // What /etc/overlayroot.conf and overlayroot.local.conf say.
            union(
                "union=overlayroot init=/usr/local/sbin/boot-probe",
                &[UNION, "upperdir=/run/initramfs/union/rw/kiosk,"],
            ),
        ],
        keeps: Keeps::Root,
    },
    BootCase {
        name: "partition",
        root: Root::Image,
        top: Top::Partition,
        boots: &[union(
            "union=PARTUUID=5ca1ab1e-0000-4000-8000-000000000002:timeout=20 init=/usr/local/sbin/boot-probe",
            &[UNION, "union-test: marks 1", "union-test: rw f2fs rw"],
        )],
        keeps: Keeps::Root,
    },
    BootCase {
        name: "lower-device",
        root: Root::Image,
        top: Top::Image,
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
    },
    BootCase {
        name: "btrfs",
        root: Root::Image,
        top: Top::Btrfs,
        boots: &[union(
            "union=/dev/vdb init=/usr/local/sbin/boot-probe",
            &[UNION, "union-test: rw btrfs rw"],
        )],
        keeps: Keeps::Root,
    },
    BootCase {
        name: "no-image",
        root: Root::Image,
        top: Top::Absent,
        boots: &[plain(
            "union=tmpfs union.lower=/images/absent init=/usr/local/sbin/boot-probe",
            &[
                "union-boot: there is no image /images/absent",
                PLAIN,
                "union-test: root erofs read-only",
            ],
        )],
        keeps: Keeps::Root,
    },
    BootCase {
        name: "damaged",
        root: Root::Image,
        top: Top::Damaged,
        boots: &[plain(
            "union=/dev/vdb init=/usr/local/sbin/boot-probe",
            &[
                "needs to be checked by hand",
                PLAIN,
                "union-test: root erofs read-only",
            ],
        )],
        keeps: Keeps::Root,
    },
    BootCase {
        name: "refused",
        root: Root::Installed,
        top: Top::Volatile,
        boots: &[plain(
            "union=/dev/vdb init=/usr/local/sbin/boot-probe",
            &[
                "union-boot: the union cannot be mounted",
                PLAIN,
                "union-test: root ext4 read-only",
            ],
        )],
        keeps: Keeps::Root,
    },
    BootCase {
        name: "wrong-file-system",
        root: Root::Installed,
        top: Top::Swap,
        boots: &[plain(
            "rw union=/dev/vdb,noatime init=/usr/local/sbin/boot-probe",
            &[
                "union-boot: /dev/vdb cannot be mounted as swap",
                PLAIN,
                "union-test: root ext4 read-only",
            ],
        )],
        keeps: Keeps::Nothing,
    },
    BootCase {
        name: "no-module",
        root: Root::Installed,
        top: Top::Ext4,
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
    },
    BootCase {
        name: "required",
        root: Root::Installed,
        top: Top::Ext4,
        boots: &[Boot {
            initrd: Initrd::WithoutModule,
            words: "union=LABEL=changes:required init=/usr/local/sbin/boot-probe",
            says: &["the module union cannot be loaded", "says 'required'"],
            never: &[PLAIN, "union-test:"],
            starts: false,
        }],
        keeps: Keeps::Root,
    },
];
