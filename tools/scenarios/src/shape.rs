// SPDX-License-Identifier: GPL-2.0-only
//! The layer shapes every scenario runs in, as a table: the matrix grows by adding rows.

use std::collections::BTreeSet;

/// A file system a layer can be on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fs {
    /// Memory.
    Tmpfs,
    /// A scratch disk with ext4.
    Ext4,
    /// A scratch disk with xfs (reflinks).
    Xfs,
    /// A scratch disk with btrfs (reflinks, subvolumes).
    Btrfs,
    /// A read-only image made from the scenarios' own descriptions.
    Erofs,
}

impl Fs {
    /// Type name for mount(2).
    pub fn name(self) -> &'static str {
        match self {
            Self::Tmpfs => "tmpfs",
            Self::Ext4 => "ext4",
            Self::Xfs => "xfs",
            Self::Btrfs => "btrfs",
            Self::Erofs => "erofs",
        }
    }

    /// Serial number of the virtio disk that carries it; memory needs none.
    pub fn disk(self) -> Option<&'static str> {
        match self {
            Self::Tmpfs => None,
            other => Some(other.name()),
        }
    }

    /// What makes an empty one, with the size of the disk in MiB; the image is the last argument.
    pub fn mkfs(self) -> Option<(&'static [&'static str], u64)> {
        match self {
            Self::Tmpfs | Self::Erofs => None,
            Self::Ext4 => Some((
                &[
                    "mkfs.ext4",
                    "-q",
                    "-F",
                    "-b",
                    "4096",
                    "-I",
                    "256",
                    "-O",
                    "^resize_inode",
                ],
                256,
            )),
            Self::Xfs => Some((&["mkfs.xfs", "-q", "-f", "-m", "reflink=1"], 512)),
            Self::Btrfs => Some((&["mkfs.btrfs", "-q", "-f"], 256)),
        }
    }
}

/// How the union is mounted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    /// mount(2) with a data string.
    Mount,
    /// fsconfig(2) with strings, one `lowerdir+` for each layer.
    Strings,
    /// fsconfig(2) with file descriptors.
    Fds,
}

/// One arrangement of layers.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Name in reports: `shape/scenario`.
    pub name: &'static str,
    /// File system of the top layer, and of the plain directory that is the oracle.
    pub top: Fs,
    /// File system of the lower layers.
    pub lower: Fs,
    /// Number of lower layers.
    pub lowers: usize,
    /// How the union is mounted.
    pub api: Api,
}

/// Every shape.
pub const SHAPES: &[Shape] = &[
    Shape {
        name: "tmpfs",
        top: Fs::Tmpfs,
        lower: Fs::Tmpfs,
        lowers: 1,
        api: Api::Mount,
    },
    Shape {
        name: "ext4-erofs",
        top: Fs::Ext4,
        lower: Fs::Erofs,
        lowers: 1,
        api: Api::Strings,
    },
    Shape {
        name: "tmpfs-3",
        top: Fs::Tmpfs,
        lower: Fs::Tmpfs,
        lowers: 3,
        api: Api::Fds,
    },
    Shape {
        name: "xfs-same",
        top: Fs::Xfs,
        lower: Fs::Xfs,
        lowers: 2,
        api: Api::Strings,
    },
];

/// Every file system a shape names, once each.
pub fn file_systems() -> BTreeSet<Fs> {
    SHAPES
        .iter()
        .flat_map(|shape| [shape.top, shape.lower])
        .collect()
}
