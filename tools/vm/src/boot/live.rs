// SPDX-License-Identifier: GPL-2.0-only
//! The ways a live medium is booted by live-boot, and what must come of each.

use super::cases::{Boot, BootCase, Initrd, Root, Top};

const UNION: &str = "union-test: root union writable";
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
        never: &["union-test: root ext4", "starting on the plain root"],
        starts: true,
    }
}

/// All of them; the longest first, so that two machines end at about the same time.
pub const CASES: &[BootCase] = &[
    BootCase {
        name: "persistence",
        root: Root::Medium,
        top: Top::Persistence,
        boots: &[
            // What live-boot has kept so far is gone on with. Its own shutdown would leave the disk to be recovered.
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
        keeps_root: true,
    },
    BootCase {
        name: "systemd",
        root: Root::Installed,
        top: Top::Layer,
        boots: &[Boot {
            initrd: Initrd::Whole,
            words: "union=tmpfs union-test=systemd",
            says: &[
                UNION,
                "union-test: machine.mount active",
                "union-test: a container boots: yes",
                RUNNING,
            ],
            never: &[": NO"],
            starts: true,
        }],
        keeps_root: true,
    },
    BootCase {
        name: "dracut",
        root: Root::Installed,
        top: Top::Ext4,
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
            Boot {
                never: &["union-test: root ext4 writable", UNION],
                ..dracut(
                    "rd.union=LABEL=absent init=/usr/local/sbin/boot-probe",
                    &[
                        "union-boot: there is no LABEL=absent",
                        "union-test: root ext4 read-only",
                    ],
                )
            },
        ],
        keeps_root: true,
    },
    BootCase {
        name: "directories",
        root: Root::Medium,
        top: Top::Directories,
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
        keeps_root: true,
    },
    BootCase {
        name: "memory",
        root: Root::Medium,
        top: Top::Absent,
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
        keeps_root: true,
    },
];
