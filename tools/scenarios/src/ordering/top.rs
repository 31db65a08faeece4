// SPDX-License-Identifier: GPL-2.0-only
//! The file systems of the upper layer that are measured, each with its class.

use union_logic::partial::Class;

use crate::image::{self, Image};

/// A file system.
pub struct Top {
    /// Its name in those of the cases.
    pub name: &'static str,
    /// An empty one.
    pub image: &'static Image,
    /// How it is mounted.
    pub options: &'static str,
    /// In which order changes are taken to reach its disk.
    pub class: Class,
    /// Whether data may reach the disk before later attributes even if nobody waits for them. ext4 without delayed
    /// allocation: a commit of the journal waits for the data of blocks that it allocates. btrfs: on a disk as small as
    /// this one, data are written before a commit, to find out how much space they take.
    pub in_order_anyway: bool,
}

const EXT4: Top = Top {
    name: "ext4",
    image: &image::CRASH_EXT4,
    options: "",
    class: Class::Journal,
    in_order_anyway: false,
};

/// All of them.
pub static TOPS: [Top; 6] = [
    EXT4,
    Top {
        name: "ext4-nodelalloc",
        options: "nodelalloc",
        in_order_anyway: true,
        ..EXT4
    },
    Top {
        name: "ext4-writeback",
        options: "data=writeback",
        ..EXT4
    },
    Top {
        name: "ext4-1k",
        image: &image::ORDERING_EXT4_1K,
        ..EXT4
    },
    Top {
        name: "xfs",
        image: &image::CRASH_XFS,
        ..EXT4
    },
    Top {
        name: "btrfs",
        image: &image::ORDERING_BTRFS,
        class: Class::Flush,
        in_order_anyway: true,
        ..EXT4
    },
];
