// SPDX-License-Identifier: GPL-2.0-only
//! The variants of booting an installed Debian, and the expected results.

use anyhow::{Context, Result};

use super::{deb, diskless, installed, live};

/// Cases that boot the disks of one script.
pub struct BootSet {
    /// Its name, with which the name of the script ends.
    pub name: &'static str,
    /// Whether its machines run at the same time, next to a server.
    pub together: bool,
    /// The cases.
    pub cases: &'static [BootCase],
}

/// All of them.
pub const SETS: &[BootSet] = &[
    BootSet {
        name: "boot",
        together: false,
        cases: installed::CASES,
    },
    BootSet {
        name: "deb",
        together: false,
        cases: deb::CASES,
    },
    BootSet {
        name: "diskless",
        together: true,
        cases: diskless::CASES,
    },
    BootSet {
        name: "live",
        together: false,
        cases: live::CASES,
    },
];

/// The set of this name.
pub fn find(name: &str) -> Result<&'static BootSet> {
    SETS.iter()
        .find(|set| set.name == name)
        .with_context(|| format!("there are no boot cases {name:?}"))
}

/// A machine that is booted once or several times with the same disks.
pub struct BootCase {
    /// Its name, without `boot/`.
    pub name: &'static str,
    /// The contents of its first disk.
    pub root: Root,
    /// The contents of its second one.
    pub changes: Changes,
    /// Its boots, one after the other.
    pub boots: &'static [Boot],
    /// The disks that must not change.
    pub keeps: Keeps,
}

/// Disks that must be unchanged at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeps {
    /// None: without a union the root is written to, and with `rw` on the command line the first mount writes.
    Nothing,
    /// That with the root.
    Root,
    /// All disks in /etc/fstab.
    All,
}

/// The disk with the root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Root {
    /// ext4, as debian-installer leaves it: /etc/fstab has it writable, and also the /home on another disk.
    Installed,
    /// The same with its /usr on another disk, and without /home.
    Split,
    /// erofs, with an empty /dev.
    Image,
    /// A medium with a live system.
    Medium,
    /// A medium made by live-build.
    Built,
    /// The export of another machine.
    Export,
}

impl Root {
    /// Its file name, as the script makes it.
    pub fn file(self) -> &'static str {
        match self {
            Self::Installed => "root.ext4",
            Self::Split => "split.ext4",
            Self::Image => "root.erofs",
            Self::Medium => "medium.iso",
            Self::Built => "built.iso",
            Self::Export => "server.ext4",
        }
    }

    /// Other disks in its /etc/fstab.
    pub fn others(self) -> &'static [Other] {
        match self {
            // Its first partition; after it there is space for swapping.
            Self::Installed => &[Other {
                serial: "home",
                file: "home.img",
                start: 1 << 20,
            }],
            Self::Split => &[Other {
                serial: "usr",
                file: "usr.ext4",
                start: 0,
            }],
            _ => &[],
        }
    }

    /// Words of the kernel command line for it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Installed | Self::Split => "root=LABEL=union-root",
            Self::Image => "root=/dev/vda rootfstype=erofs",
            Self::Medium | Self::Built => "boot=live",
            Self::Export => "root=/dev/nfs",
        }
    }
}

/// A disk with a part of an installed system.
#[derive(Debug)]
pub struct Other {
    /// Its serial number, and the directory that it is for.
    pub serial: &'static str,
    /// Its file name, as the script makes it.
    pub file: &'static str,
    /// Where the file system begins on it, in bytes.
    pub start: usize,
}

/// The disk for changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changes {
    /// No such disk.
    Absent,
    /// ext4 with the label `changes`.
    Ext4,
    /// xfs.
    Xfs,
    /// ext4 with the label `changes` and the directories of an upper layer.
    Layer,
    /// btrfs.
    Btrfs,
    /// ext4 without a root directory, which `e2fsck -a` does not repair.
    Damaged,
    /// ext4 on which live-boot keeps all changes.
    Persistence,
    /// ext4 on which live-boot keeps those below two directories.
    Directories,
    /// The same as `Persistence`, encrypted by LUKS.
    Luks,
    /// ext4 with a file that is such an ext4.
    File,
    /// ext4 that was the upper layer of a volatile union: mounting it again is refused.
    Volatile,
    /// Space for swapping, not a file system.
    Swap,
    /// A disk with nothing on it.
    Empty,
    /// f2fs in a partition.
    Partition,
    /// ext4 on which overlayroot has kept changes.
    Overlayroot,
    /// ext4 with the label `changes`, and the packages of the kernel beside them.
    Packages,
    /// squashfs with files for a lower layer.
    Image,
}

impl Changes {
    /// Whether it must be a clean ext4 after a shutdown.
    pub fn is_ext4(self) -> bool {
        matches!(
            self,
            Self::Ext4
                | Self::Layer
                | Self::Overlayroot
                | Self::Persistence
                | Self::Directories
                | Self::File
        )
    }
}

/// One boot.
pub struct Boot {
    /// Which initial ram disk.
    pub initrd: Initrd,
    /// Words of the kernel command line.
    pub words: &'static str,
    /// Required parts of console lines.
    pub says: &'static [&'static str],
    /// Forbidden parts of console lines.
    pub never: &'static [&'static str],
    /// Whether the system must have started.
    pub starts: bool,
}

impl Boot {
    /// Whether the system is started, and so shut down; the probe in its place switches off at once.
    pub fn ends(&self) -> bool {
        self.starts && !self.words.contains("init=")
    }
}

/// The initial ram disks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Initrd {
    /// With union.ko installed.
    Whole,
    /// The same without busybox: only with the few programs of klibc.
    Klibc,
    /// For a kernel without union.ko.
    WithoutModule,
    /// The newest kernel and initial ram disk in /boot of the root, as a boot loader would choose them.
    Own,
    /// The same, by firmware with Secure Boot and a boot loader.
    Signed,
    /// Made by dracut, with union.ko.
    Dracut,
    /// Of the medium made by live-build.
    Built,
    /// Of a machine that exports a root.
    Server,
}

impl Initrd {
    /// Whether it is on the disk with the root, and its kernel, too.
    pub fn own(self) -> bool {
        matches!(self, Self::Own | Self::Signed)
    }

    /// Its file name, as the script makes it.
    pub fn file(self) -> &'static str {
        match self {
            Self::Whole | Self::Own | Self::Signed => "initrd",
            Self::Klibc => "initrd-klibc",
            Self::WithoutModule => "initrd-without",
            Self::Dracut => "initrd-dracut",
            Self::Built => "initrd-built",
            Self::Server => "initrd-server",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boot::installed::PROBE;

    #[test]
    fn the_probe_is_started_by_its_name() {
        for boot in SETS
            .iter()
            .flat_map(|set| set.cases)
            .flat_map(|case| case.boots)
        {
            if boot.words.contains("init=") {
                assert!(boot.words.ends_with(PROBE), "{}", boot.words);
            }
        }
    }
}
