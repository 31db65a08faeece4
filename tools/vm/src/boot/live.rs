// SPDX-License-Identifier: GPL-2.0-only
//! The variants of booting a live medium by live-boot, and the expected results.

use super::cases::{Boot, BootCase, Changes, Initrd, Keeps, Root};

const UNION: &str = "union-test: root union writable";
const PLAIN: &str = "starting on the plain root, read-only";
const CLEAN: &str = "union-test: journals recovered 0";
const RUNNING: &str = "union-test: system running";

/// A boot that starts.
const fn boot(words: &'static str, says: &'static [&'static str]) -> Boot {
    Boot {
        initrd: Initrd::Whole,
        words,
        says,
        never: &["BOOT FAILED", "union-boot:"],
        starts: true,
    }
}

/// A boot of an installed system by the initial ram disk of dracut.
const fn dracut(words: &'static str, says: &'static [&'static str]) -> Boot {
    Boot {
        initrd: Initrd::Dracut,
        words,
        says,
        // Mounts over the root must not be made over the lower layer, too.
        never: &["union-test: root ext4", PLAIN, "union-test: unions / /run"],
        starts: true,
    }
}

/// A boot of dracut on the plain root, which must stay read-only.
const fn dracut_plain(words: &'static str, says: &'static [&'static str]) -> Boot {
    Boot {
        initrd: Initrd::Dracut,
        words,
        says,
        never: &["union-test: root ext4 writable", UNION],
        starts: true,
    }
}

/// All of them; the longest first, so that two machines end at about the same time.
pub const CASES: &[BootCase] = &[
    BootCase {
        name: "persistence",
        root: Root::Medium,
        changes: Changes::Persistence,
        boots: &[
            // Changes that live-boot has kept are used again. After its own shutdown the disk would need recovery.
            boot(
                "union=overlay persistence init=/usr/local/sbin/boot-probe",
                &["union-test: root overlay writable", "union-test: marks 1"],
            ),
            boot(
                "union=union persistence",
                &[
                    UNION,
                    "union-test: marks 2",
                    "upperdir=/run/live/persistence/vdb/rw",
                    RUNNING,
                ],
            ),
            boot(
                "union=union persistence persistence-read-only init=/usr/local/sbin/boot-probe",
                &[UNION, "union-test: marks 3", CLEAN],
            ),
            boot(
                "union=union persistence init=/usr/local/sbin/boot-probe",
                &[UNION, "union-test: marks 3", CLEAN],
            ),
        ],
        keeps: Keeps::Root,
    },
    BootCase {
        name: "systemd",
        root: Root::Installed,
        changes: Changes::Layer,
        boots: &[Boot {
            initrd: Initrd::Whole,
            words: "union=tmpfs union-test=systemd",
            says: &[
                UNION,
                "union-test: machine.mount active",
                "union-test: its upper layer on the union is refused: yes",
                "union-test: a container boots: yes",
                RUNNING,
            ],
            never: &[": NO"],
            starts: true,
        }],
        keeps: Keeps::Root,
    },
    BootCase {
        name: "dracut",
        root: Root::Installed,
        changes: Changes::Ext4,
        boots: &[
            dracut(
                "rd.union=LABEL=changes systemd.mask=machine.mount systemd.mask=changes.mount",
                &[
                    UNION,
                    "union-test: marks 1",
                    "union-test: lower ext4 ro",
                    "union-test: rw ext4 rw",
                    RUNNING,
                ],
            ),
            dracut(
                "rd.union=LABEL=changes rd.union.readonly init=/usr/local/sbin/boot-probe",
                &[
                    UNION,
                    "union-test: marks 2",
                    "union-test: rw tmpfs rw",
                    CLEAN,
                ],
            ),
            dracut(
                "rd.union=LABEL=changes rd.union.reset init=/usr/local/sbin/boot-probe",
                &[UNION, "union-test: marks 1", CLEAN],
            ),
        ],
        keeps: Keeps::Root,
    },
    BootCase {
        name: "dracut-checks",
        root: Root::Installed,
        changes: Changes::Ext4,
        boots: &[
            dracut(
                "rd.union=LABEL=changes:dir=laptop,noatime init=/usr/local/sbin/boot-probe",
                &[UNION, "union-test: marks 1", "rw/laptop/upper"],
            ),
            // Nothing has been unmounted: e2fsck replays the journal.
            dracut(
                "rd.union=LABEL=changes:dir=laptop init=/usr/local/sbin/boot-probe",
                &[UNION, "union-test: marks 2", CLEAN],
            ),
            dracut_plain(
                "rd.union=LABEL=absent:timeout=2 init=/usr/local/sbin/boot-probe",
                &["union-boot: there is no LABEL=absent"],
            ),
            dracut_plain(
                "rd.union=LABEL=changes module_blacklist=union init=/usr/local/sbin/boot-probe",
                &["union-boot: the module union cannot be loaded"],
            ),
            Boot {
                starts: false,
                never: &[PLAIN, "union-test:"],
                ..dracut(
                    "rd.union=LABEL=absent:timeout=2,required rd.shell=0 rd.emergency=poweroff \
                     init=/usr/local/sbin/boot-probe",
                    &["union-boot: there is no LABEL=absent, and rd.union= says 'required'"],
                )
            },
        ],
        keeps: Keeps::Root,
    },
    BootCase {
        name: "dracut-damaged",
        root: Root::Installed,
        changes: Changes::Damaged,
        boots: &[dracut_plain(
            "rd.union=/dev/vdb systemd.mask=machine.mount systemd.mask=changes.mount",
            &["union-boot: the file system on /dev/vdb needs to be checked by hand"],
        )],
        keeps: Keeps::Root,
    },
    BootCase {
        name: "dracut-refused",
        root: Root::Installed,
        changes: Changes::Volatile,
        boots: &[dracut_plain(
            "rd.union=/dev/vdb init=/usr/local/sbin/boot-probe",
            &["union-boot: the union cannot be mounted"],
        )],
        keeps: Keeps::Root,
    },
    BootCase {
        name: "luks",
        root: Root::Medium,
        changes: Changes::Luks,
        boots: &[
            boot(
                "union=union persistence persistence-encryption=luks",
                &[
                    UNION,
                    "union-test: marks 1",
                    "upperdir=/run/live/persistence/vdb/rw",
                    RUNNING,
                ],
            ),
            boot(
                "union=union persistence persistence-encryption=luks init=/usr/local/sbin/boot-probe",
                &[UNION, "union-test: marks 2", CLEAN],
            ),
        ],
        keeps: Keeps::Root,
    },
    BootCase {
        name: "file",
        root: Root::Medium,
        changes: Changes::File,
        boots: &[
            boot(
                "union=union persistence persistence-storage=file",
                &[
                    UNION,
                    "union-test: marks 1",
                    "upperdir=/run/live/persistence/loop1/rw",
                    RUNNING,
                    // The shutdown script does what systemd cannot: the disk is clean.
                    "Failed to remount '/run/shutdown/mounts/",
                ],
            ),
            boot(
                "union=union persistence init=/usr/local/sbin/boot-probe",
                &[UNION, "union-test: marks 2", CLEAN],
            ),
        ],
        keeps: Keeps::Root,
    },
    BootCase {
        name: "built",
        root: Root::Built,
        changes: Changes::Persistence,
        boots: &[
            Boot {
                initrd: Initrd::Built,
                ..boot(
                    "union=union persistence",
                    &[
                        UNION,
                        "union-test: marks 1",
                        "union-test: medium iso9660",
                        "upperdir=/run/live/persistence/vdb/rw",
                        RUNNING,
                    ],
                )
            },
            Boot {
                initrd: Initrd::Built,
                ..boot(
                    "union=union persistence init=/usr/local/sbin/boot-probe",
                    &[UNION, "union-test: marks 2", CLEAN],
                )
            },
        ],
        keeps: Keeps::Root,
    },
    BootCase {
        name: "directories",
        root: Root::Medium,
        changes: Changes::Directories,
        boots: &[
            boot(
                "union=union persistence",
                &[
                    UNION,
                    "union-test: marks 1",
                    "union-test: unions / /srv /var/lib",
                    RUNNING,
                ],
            ),
            boot(
                "union=union persistence init=/usr/local/sbin/boot-probe",
                &[UNION, "union-test: marks 2", CLEAN],
            ),
        ],
        keeps: Keeps::Root,
    },
    BootCase {
        name: "memory",
        root: Root::Medium,
        changes: Changes::Absent,
        boots: &[
            boot(
                "union=union",
                &[
                    UNION,
                    "union-test: marks 1",
                    "union-test: medium iso9660",
                    RUNNING,
                ],
            ),
            boot(
                "union=union toram init=/usr/local/sbin/boot-probe",
                &[UNION, "union-test: marks 1", "union-test: medium tmpfs"],
            ),
        ],
        keeps: Keeps::Root,
    },
];
